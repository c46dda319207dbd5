-- Incidents by bucket of when they occurred; empty buckets are zeros.
SELECT to_timestamp(b.bucket * %(bucket_s)s) AS at, count(i.id)::int AS n
FROM generate_series(floor(extract(epoch FROM %(start)s::timestamptz) / %(bucket_s)s)::bigint,
                     ceil(extract(epoch FROM %(end)s::timestamptz) / %(bucket_s)s)::bigint - 1) AS b (bucket)
LEFT JOIN onemap.incident i
  ON i.occurred_at >= to_timestamp(b.bucket * %(bucket_s)s) AND i.occurred_at < to_timestamp((b.bucket + 1) * %(bucket_s)s)
 AND (%(area)s::bytea IS NULL OR st_intersects(i.geom, st_geomfromwkb(%(area)s::bytea, 4326)))
GROUP BY b.bucket
ORDER BY b.bucket
