-- Communities that reach into a box (or all), with their outlines.
SELECT a.code, coalesce(a.name, '') AS name, st_asbinary(a.geom) AS wkb
FROM onemap.area a
WHERE a.level = 'community' AND a.code IS NOT NULL
  AND (%(west)s::float8 IS NULL
       OR a.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326))
ORDER BY a.code, a.key
