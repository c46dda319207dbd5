-- The factor with which each sensor was last spread around each hazard point: one row of each pair tells it.
SELECT pair.sensor_key, pair.hazard_key, part.factor
FROM (
  SELECT DISTINCT d.sensor_key, t.hazard_key
  FROM onemap.threshold t JOIN onemap.datastream d ON d.key = t.datastream_key
) AS pair
CROSS JOIN LATERAL (
  SELECT (p.detail->>'factor')::float8 AS factor FROM onemap.risk_part p
  WHERE p.source_layer = 'sensor' AND p.source_key = pair.sensor_key AND p.kind = 'excess:' || pair.hazard_key
  LIMIT 1
) AS part
