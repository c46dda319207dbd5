-- Thresholds of hazard points that count, with the last reading of their datastream.
SELECT t.hazard_key, coalesce(h.kind, '') AS hazard_kind, d.sensor_key, coalesce(s.kind, d.property) AS sensor_kind,
       coalesce(s.name, d.sensor_key) AS name, d.property, d.unit, t.level::int AS level, t.op, t.enter,
       d.last_value AS value, d.last_at AS at
FROM onemap.threshold t
JOIN onemap.hazard h ON h.key = t.hazard_key AND h.status IS DISTINCT FROM 'closed'
JOIN onemap.datastream d ON d.key = t.datastream_key AND d.last_value IS NOT NULL AND d.last_at IS NOT NULL
LEFT JOIN onemap.sensor s ON s.key = d.sensor_key
ORDER BY t.key
