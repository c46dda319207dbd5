-- Rain gauges: where they stand and when they last spoke.
SELECT s.key, coalesce(s.name, s.key) AS name, st_x(s.geom) AS lon, st_y(s.geom) AS lat, max(d.last_at) AS at
FROM onemap.sensor s
JOIN onemap.datastream d ON d.sensor_key = s.key AND d.property = ANY(%(properties)s) AND d.last_at IS NOT NULL
GROUP BY s.id
ORDER BY s.key
