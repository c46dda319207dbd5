-- Readings of a sensor's datastreams over a window: all of them while they are few, else for each bucket the one that
-- lies furthest from the bucket's mean, so that thinning never hides a peak.
SELECT d.key AS datastream_key, d.name, d.unit, p.points
FROM onemap.datastream d
CROSS JOIN LATERAL (
  SELECT coalesce(json_agg(json_build_array(k.at, k.value) ORDER BY k.at), '[]') AS points
  FROM (
    SELECT DISTINCT ON (CASE WHEN r.n <= %(most)s THEN extract(epoch FROM r.at) ELSE r.bucket END) r.at, r.value
    FROM (
      SELECT o.at, o.value, b.bucket, count(*) OVER () AS n, avg(o.value) OVER (PARTITION BY b.bucket) AS mean
      FROM onemap.observation o
      CROSS JOIN LATERAL (SELECT floor(extract(epoch FROM o.at) / %(bucket_s)s) AS bucket) AS b
      WHERE o.datastream_id = d.id AND o.at > %(start)s AND o.at <= %(end)s
    ) AS r
    ORDER BY CASE WHEN r.n <= %(most)s THEN extract(epoch FROM r.at) ELSE r.bucket END, abs(r.value - r.mean) DESC, r.at
  ) AS k
) AS p
WHERE d.sensor_key = %(sensor)s
ORDER BY d.key
