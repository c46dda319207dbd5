-- The area of a code with all that lies under it by parent: codes of its communities, and whether an area reaches it.
WITH RECURSIVE under AS (
  SELECT code, level FROM onemap.area WHERE code = %(scope)s
  UNION
  SELECT a.code, a.level FROM onemap.area a JOIN under u ON a.parent_code = u.code
)
SELECT (SELECT name FROM onemap.area WHERE code = %(scope)s LIMIT 1) AS name,
       coalesce((SELECT array_agg(code ORDER BY code) FROM under WHERE level = 'community'), '{}') AS communities,
       EXISTS (SELECT FROM onemap.area WHERE code = %(scope)s) AS known,
       (SELECT bool_and(st_covers(st_geomfromwkb(%(area)s, 4326), geom)) FROM onemap.area WHERE code = %(scope)s) AS covered
