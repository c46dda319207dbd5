-- The datastreams of some properties, each with the place of its sensor.
SELECT d.id, d.key, d.property, d.name, d.unit, d.sensor_key, s.name AS sensor_name, s.hazard_key,
       st_x(s.geom) AS lon, st_y(s.geom) AS lat
FROM onemap.datastream d JOIN onemap.sensor s ON s.key = d.sensor_key
WHERE d.property = ANY(%(properties)s)
ORDER BY d.id
