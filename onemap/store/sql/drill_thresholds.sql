-- The thresholds of a hazard point with the sensors they watch, worst level first.
SELECT t.key, t.datastream_key, t.hazard_key, t.level, t.op, t.enter, t.leave, t.hold_s,
       d.property, d.name, d.unit, d.sensor_key, coalesce(s.name, d.sensor_key) AS sensor_name
FROM onemap.threshold t
JOIN onemap.datastream d ON d.key = t.datastream_key
LEFT JOIN onemap.sensor s ON s.key = d.sensor_key
WHERE t.hazard_key = %(hazard)s
ORDER BY t.level, t.key
