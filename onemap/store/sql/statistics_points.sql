-- Points of a layer in a box as they are, and the versions that ended in a range of time (a bounded number of them),
-- with when each came and ended. The layer's table and its history stand for the names in braces.
SELECT extract(epoch FROM v.sys_from)::float8 AS since, extract(epoch FROM v.sys_to)::float8 AS until,
       st_x(v.geom) AS lon, st_y(v.geom) AS lat
FROM (
  SELECT p.sys_from, 'infinity'::timestamptz AS sys_to, p.geom
  FROM {table} p
  WHERE p.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
  UNION ALL
  (SELECT h.sys_from, h.sys_to, h.geom
   FROM {history} h
   WHERE h.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
     AND h.sys_to >= %(first)s::timestamptz AND h.sys_from < %(last)s::timestamptz
   LIMIT %(most)s::int)
) AS v
