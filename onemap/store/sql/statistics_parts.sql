-- Parts in a box as they are, and the versions that ended in a range of time (a bounded number of them), with when each
-- came and ended, and what they are counted as; see plan_facts_parts.
SELECT extract(epoch FROM v.sys_from)::float8 AS since, extract(epoch FROM v.sys_to)::float8 AS until,
       st_x(v.geom) AS lon, st_y(v.geom) AS lat,
       'parts' || coalesce(':' || (%(layers)s::text[])[array_position(%(classes)s::text[], v.class_code)], '') AS counted
FROM (
  SELECT p.sys_from, 'infinity'::timestamptz AS sys_to, p.class_code, p.status, p.geom
  FROM onemap.part p
  WHERE p.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
  UNION ALL
  (SELECT h.sys_from, h.sys_to, h.class_code, h.status, h.geom
   FROM onemap.part_history h
   WHERE h.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
     AND h.sys_to >= %(first)s::timestamptz AND h.sys_from < %(last)s::timestamptz
   LIMIT %(most)s::int)
) AS v
WHERE v.status IS DISTINCT FROM 'removed'
