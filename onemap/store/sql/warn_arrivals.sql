-- Alerts whose team has just come into the zone: a vehicle or device of the team, since a drone overhead is nobody on site.
SELECT DISTINCT a.id, a.warning_key
FROM onemap.mover m
JOIN onemap.alert a ON a.team_key = m.team_key AND a.arrived_at IS NULL AND a.resolved_at IS NULL
JOIN onemap.warning w ON w.key = a.warning_key AND w.state IN ('active', 'confirmed') AND st_intersects(m.geom, w.geom)
WHERE m.id = ANY(%(movers)s) AND m.kind IN ('vehicle', 'team_device')
ORDER BY a.warning_key, a.id
