-- Sensors that watch some hazard points, or stand in a box: with when they last spoke.
SELECT s.key, max(d.last_at) AS at
FROM onemap.sensor s JOIN onemap.datastream d ON d.sensor_key = s.key
WHERE s.hazard_key = ANY(%(hazards)s)
   OR (s.kind = ANY(%(kinds)s) AND s.geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326))
GROUP BY s.key ORDER BY s.key
