-- Every team with a duty area that meets a warning's zone; a declared fence is its team's when the warning is its own.
SELECT DISTINCT t.key, t.name
FROM onemap.warning w
JOIN onemap.geofence g ON st_intersects(g.geom, w.geom)
JOIN onemap.team t ON t.key = g.team_key
WHERE w.key = %(key)s AND (g.spec IS NULL OR g.kind = 'duty' OR w.subject = 'fence:' || g.key)
ORDER BY t.key
