-- Every team with a geofence that meets a warning's zone.
SELECT DISTINCT t.key, t.name
FROM onemap.warning w
JOIN onemap.geofence g ON st_intersects(g.geom, w.geom)
JOIN onemap.team t ON t.key = g.team_key
WHERE w.key = %(key)s
ORDER BY t.key
