-- Objects that are not simply outside a fence, with where they stand now; `ring_m` of a moving fence is its radius.
SELECT m.id, m.key AS mover_key, m.name AS mover_name, m.kind, s.state, s.since, m.seen_at, m.accuracy_m,
       st_x(m.geom) AS lon, st_y(m.geom) AS lat
FROM onemap.fence_state s
JOIN onemap.geofence g ON g.id = s.fence_id
JOIN onemap.mover m ON m.id = s.mover_id
WHERE g.key = %(key)s AND s.state NOT IN (-1, -5) AND (%(area)s::bytea IS NULL OR st_intersects(m.geom, st_geomfromwkb(%(area)s, 4326)))
ORDER BY CASE WHEN s.state < 0 THEN -s.state - 1 ELSE s.state END DESC, s.since, m.key
LIMIT 1000
