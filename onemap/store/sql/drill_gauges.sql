-- Rain gauges' datastreams near a place, nearest first.
SELECT d.key, d.property, d.unit
FROM onemap.sensor s
JOIN onemap.datastream d ON d.sensor_key = s.key
WHERE d.property LIKE 'rain%%'
  AND s.geom && st_expand(st_setsrid(st_makepoint(%(lon)s, %(lat)s), 4326), 0.3)
  AND st_dwithin(s.geom::geography, st_setsrid(st_makepoint(%(lon)s, %(lat)s), 4326)::geography, %(within_m)s)
ORDER BY st_distance(s.geom::geography, st_setsrid(st_makepoint(%(lon)s, %(lat)s), 4326)::geography), d.key
LIMIT 60
