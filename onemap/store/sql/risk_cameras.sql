-- Working cameras in some boxes.
SELECT DISTINCT c.key, st_x(c.geom) AS lon, st_y(c.geom) AS lat, c.range_m, c.heading_deg, c.fov_deg
FROM unnest(%(west)s::float8[], %(south)s::float8[], %(east)s::float8[], %(north)s::float8[]) AS b (w, s, e, n)
JOIN onemap.camera c ON c.geom && st_makeenvelope(b.w, b.s, b.e, b.n, 4326)
WHERE c.status IS DISTINCT FROM 'offline' AND c.status IS DISTINCT FROM 'fault'
ORDER BY c.key
