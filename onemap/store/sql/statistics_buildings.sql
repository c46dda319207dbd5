-- Buildings in a box as they are, and the versions that ended in a range of time (a bounded number of them), with when
-- each came and ended.
SELECT extract(epoch FROM v.sys_from)::float8 AS since, extract(epoch FROM v.sys_to)::float8 AS until,
       coalesce(v.households, 0)::float8 AS households, coalesce(v.rentals, 0)::float8 AS rentals,
       coalesce(v.residents, 0)::float8 AS residents, coalesce(v.organisations, 0)::float8 AS organisations,
       coalesce(v.vehicles, 0)::float8 AS vehicles, st_asbinary(v.geom) AS wkb
FROM (
  SELECT b.sys_from, 'infinity'::timestamptz AS sys_to, b.households, b.rentals, b.residents, b.organisations,
         b.vehicles, b.geom
  FROM onemap.building b
  WHERE b.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
  UNION ALL
  (SELECT h.sys_from, h.sys_to, h.households, h.rentals, h.residents, h.organisations, h.vehicles, h.geom
   FROM onemap.building_history h
   WHERE h.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
     AND h.sys_to >= %(first)s::timestamptz AND h.sys_from < %(last)s::timestamptz
   LIMIT %(most)s::int)
) AS v
