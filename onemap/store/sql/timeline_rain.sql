-- Rain by bucket in mm: the mean intensity (mm/h) of each gauge in the bucket, averaged over the gauges that reported.
SELECT to_timestamp(g.bucket * %(bucket_s)s) AS at, round((avg(g.intensity) * %(bucket_s)s / 3600.0)::numeric, 3)::float8 AS mm
FROM (
  SELECT floor(extract(epoch FROM o.at) / %(bucket_s)s) AS bucket, d.id, avg(o.value) AS intensity
  FROM onemap.sensor s
  JOIN onemap.datastream d ON d.sensor_key = s.key AND d.unit = 'mm/h'
  JOIN onemap.observation o ON o.datastream_id = d.id AND o.at >= %(start)s AND o.at < %(end)s
  WHERE s.kind = 'rain_gauge'
    AND (%(area)s::bytea IS NULL OR st_intersects(s.geom, st_geomfromwkb(%(area)s::bytea, 4326)))
  GROUP BY 1, 2
) AS g
GROUP BY g.bucket
ORDER BY g.bucket
