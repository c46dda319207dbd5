-- Calls of a drill's warnings. One alert asks a team for all of its grids: that is one call to the team, not many.
SELECT DISTINCT ON (c.warning_key, c.rung, c.team_key, c.alert_id, c.called_at)
       c.team_key, coalesce(t.name, c.team_key) AS team_name, c.called_at, c.deadline_at, c.answered_at, c.state
FROM onemap.call c
JOIN onemap.warning w ON w.key = c.warning_key
LEFT JOIN onemap.team t ON t.key = c.team_key
WHERE w.drill_key = %(drill)s
ORDER BY c.warning_key, c.rung, c.team_key, c.alert_id, c.called_at, c.id
