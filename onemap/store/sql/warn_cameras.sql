-- Cameras whose range reaches a warning's zone, nearest first; whether they look at it is decided from heading and angle.
SELECT c.key, c.name, c.status, c.heading_deg, c.fov_deg, c.range_m, st_x(c.geom) AS lon, st_y(c.geom) AS lat,
       st_distance(c.geom::geography, w.geom::geography) AS distance_m
FROM onemap.warning w
JOIN onemap.camera c ON c.geom && st_expand(w.geom, 0.03, 0.03)
 AND st_dwithin(c.geom::geography, w.geom::geography, coalesce(c.range_m, %(range_m)s))
WHERE w.key = %(key)s
ORDER BY distance_m, c.key
LIMIT 200
