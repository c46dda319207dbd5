-- The smallest area that holds all of some communities and lies inside the asker's own.
WITH RECURSIVE up AS (
  SELECT code AS community, code, parent_code FROM onemap.area
  WHERE level = 'community' AND code = ANY(%(communities)s::text[])
  UNION
  SELECT u.community, a.code, a.parent_code FROM up u JOIN onemap.area a ON a.code = u.parent_code
)
SELECT u.code
FROM up u JOIN onemap.area a ON a.code = u.code
GROUP BY u.code
HAVING count(DISTINCT u.community) = cardinality(%(communities)s::text[])
   AND bool_and(st_covers(st_geomfromwkb(%(area)s, 4326), a.geom))
ORDER BY min(st_area(a.geom)), u.code
LIMIT 1
