-- Sensors of some kinds with the last readings of their datastreams, and the thresholds these have.
SELECT s.key AS sensor_key, s.kind AS sensor_kind, coalesce(s.name, s.key) AS name, st_x(s.geom) AS lon,
       st_y(s.geom) AS lat, d.property, d.unit, d.last_value AS value, d.last_at AS at, t.level::int AS level, t.op,
       t.enter
FROM onemap.sensor s
JOIN onemap.datastream d ON d.sensor_key = s.key AND d.last_value IS NOT NULL AND d.last_at IS NOT NULL
LEFT JOIN onemap.threshold t ON t.datastream_key = d.key
WHERE s.kind = ANY(%(kinds)s)
ORDER BY s.key, d.key, t.key
