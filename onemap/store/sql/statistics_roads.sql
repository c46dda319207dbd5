-- Roads in a box as they are, and the versions that ended in a range of time (a bounded number of them), with when
-- each came and ended.
SELECT extract(epoch FROM v.sys_from)::float8 AS since, extract(epoch FROM v.sys_to)::float8 AS until,
       coalesce(v.class, '') AS kind, st_asbinary(v.geom) AS wkb
FROM (
  SELECT r.sys_from, 'infinity'::timestamptz AS sys_to, r.class, r.geom
  FROM onemap.road r
  WHERE r.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
  UNION ALL
  (SELECT h.sys_from, h.sys_to, h.class, h.geom
   FROM onemap.road_history h
   WHERE h.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
     AND h.sys_to >= %(first)s::timestamptz AND h.sys_from < %(last)s::timestamptz
   LIMIT %(most)s::int)
) AS v
