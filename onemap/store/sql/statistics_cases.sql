-- Where cases of a range happened, in a box, and in which of its spans (from 0).
SELECT st_x(i.geom) AS lon, st_y(i.geom) AS lat, width_bucket(i.occurred_at, %(edges)s::timestamptz[])::float8 - 1 AS span
FROM onemap.incident i
WHERE i.occurred_at >= %(start)s::timestamptz AND i.occurred_at < %(stop)s::timestamptz
  AND i.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
