-- The grids that a drill's warnings called for.
SELECT g.state, g.second_at
FROM onemap.calling g
JOIN onemap.warning w ON w.key = g.warning_key
WHERE w.drill_key = %(drill)s
