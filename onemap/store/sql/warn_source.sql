-- A datastream with the sensor it belongs to, for the cause of a warning.
SELECT d.key AS datastream_key, d.property, d.name, d.unit, d.sensor_key, coalesce(s.name, d.sensor_key) AS sensor_name
FROM onemap.datastream d
LEFT JOIN onemap.sensor s ON s.key = d.sensor_key
WHERE d.key = %(datastream)s
