-- Where parts stand, in a box (or all), by what they are counted as; those of some classes are a layer of their own too.
-- One that is removed is no more; one that is lost is gone to and put back. Positions in one piece: there are many.
SELECT 'parts' || coalesce(':' || (%(layers)s::text[])[array_position(%(classes)s::text[], p.class_code)], '') AS counted,
       string_agg(float8send(st_x(p.geom)) || float8send(st_y(p.geom)), ''::bytea ORDER BY p.id) AS xy
FROM onemap.part p
WHERE p.status IS DISTINCT FROM 'removed'
  AND (%(west)s::float8 IS NULL
       OR p.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326))
GROUP BY 1
