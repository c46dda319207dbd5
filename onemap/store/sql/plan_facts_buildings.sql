-- Buildings that reach into a box (or all), with the counts that workload models weigh.
SELECT b.key, coalesce(b.use, '') AS use, coalesce(b.households, 0)::float8 AS households,
       coalesce(b.rentals, 0)::float8 AS rentals, coalesce(b.residents, 0)::float8 AS residents,
       coalesce(b.organisations, 0)::float8 AS organisations, coalesce(b.vehicles, 0)::float8 AS vehicles,
       st_asbinary(b.geom) AS wkb
FROM onemap.building b
WHERE %(west)s::float8 IS NULL
   OR b.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
ORDER BY b.key
