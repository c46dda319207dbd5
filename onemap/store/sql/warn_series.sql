-- Readings of a hazard point's datastreams (of its own sensors, and those its thresholds watch) over a window: one for
-- each bucket and datastream, the one nearest to trouble, so that thinning never hides the peak that a warning is about.
WITH stream AS (
  SELECT d.id, d.key, d.name, d.unit, d.property,
         CASE WHEN bool_or(t.op IN ('<', '<=')) THEN -1 ELSE 1 END AS sign, bool_or(t.key IS NOT NULL) AS watched
  FROM onemap.datastream d
  LEFT JOIN onemap.threshold t ON t.datastream_key = d.key AND t.hazard_key = %(hazard)s
  LEFT JOIN onemap.sensor s ON s.key = d.sensor_key
  WHERE t.key IS NOT NULL OR s.hazard_key = %(hazard)s OR d.key = ANY(%(streams)s::text[])
  GROUP BY d.id
  ORDER BY (d.key = %(first)s) DESC NULLS LAST, watched DESC, d.key
  LIMIT 24
)
SELECT s.key AS datastream_key, s.name, s.unit, s.property, p.points
FROM stream s
CROSS JOIN LATERAL (
  SELECT coalesce(json_agg(json_build_array(b.at, b.value) ORDER BY b.at), '[]') AS points
  FROM (
    SELECT DISTINCT ON (date_bin(make_interval(secs => %(bucket_s)s), o.at, %(from)s)) o.at, o.value
    FROM onemap.observation o
    WHERE o.datastream_id = s.id AND o.at > %(from)s AND o.at <= %(to)s
    ORDER BY date_bin(make_interval(secs => %(bucket_s)s), o.at, %(from)s), o.value * s.sign DESC
  ) AS b
) AS p
ORDER BY (s.key = %(first)s) DESC NULLS LAST, s.watched DESC, s.key
