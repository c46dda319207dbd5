-- Where incidents of the last days happened, in a box (or all), and how many days ago.
SELECT st_x(i.geom) AS lon, st_y(i.geom) AS lat,
       extract(epoch FROM %(now)s::timestamptz - i.occurred_at)::float8 / 86400.0 AS days_ago
FROM onemap.incident i
WHERE i.occurred_at > %(now)s::timestamptz - make_interval(days => %(days)s::int)
  AND i.occurred_at <= %(now)s::timestamptz
  AND (%(west)s::float8 IS NULL
       OR i.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326))
