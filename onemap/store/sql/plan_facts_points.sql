-- Where cameras, sensors and hazard points stand, in a box (or all).
SELECT 'cameras' AS counted, st_x(c.geom) AS lon, st_y(c.geom) AS lat
FROM onemap.camera c
WHERE %(west)s::float8 IS NULL
   OR c.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
UNION ALL
SELECT 'sensors', st_x(s.geom), st_y(s.geom)
FROM onemap.sensor s
WHERE %(west)s::float8 IS NULL
   OR s.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
UNION ALL
SELECT 'hazards', st_x(h.geom), st_y(h.geom)
FROM onemap.hazard h
WHERE %(west)s::float8 IS NULL
   OR h.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
