-- Where a subject lies, what it is called and how many it threatens by its own account. `%(what)s` is the subject's kind,
-- `%(id)s` the rest of it. A hazard point's zone, or 200 m around it (around the sensor when the point is not on the map).
WITH zone AS (
  SELECT st_union(geom) AS geom FROM onemap.hazard_zone WHERE %(what)s = 'hazard' AND hazard_key = %(id)s
), found AS (
  SELECT 1 AS rank, zone.geom, coalesce(h.name, %(id)s) AS name, h.households, h.residents, h.key AS hazard_key
  FROM zone LEFT JOIN onemap.hazard h ON h.key = %(id)s
  WHERE zone.geom IS NOT NULL
  UNION ALL
  SELECT 2, st_buffer(geom::geography, 200)::geometry, coalesce(name, key), households, residents, key
  FROM onemap.hazard WHERE %(what)s = 'hazard' AND key = %(id)s
  UNION ALL
  SELECT 3, st_buffer(geom::geography, 200)::geometry, %(id)s, NULL, NULL, NULL
  FROM onemap.sensor WHERE %(what)s = 'hazard' AND key = %(sensor)s::text
  UNION ALL
  (SELECT 1, geom, coalesce(name, code, key), NULL, NULL, NULL
   FROM onemap.grid g WHERE %(what)s = 'grid' AND (key = %(id)s OR code = %(id)s)
   ORDER BY (key = %(id)s) DESC, EXISTS (SELECT FROM onemap.grid_in_force f WHERE f.id = g.id) DESC,
            valid_to DESC NULLS FIRST, valid_from DESC NULLS LAST LIMIT 1)
  UNION ALL
  (SELECT 1, geom, coalesce(name, code, key), NULL, NULL, NULL
   FROM onemap.area WHERE %(what)s = 'area' AND (key = %(id)s OR code = %(id)s)
   ORDER BY (code = %(id)s) DESC LIMIT 1)
  UNION ALL
  SELECT 1, st_buffer(geom::geography, 200)::geometry, coalesce(name, key), NULL, NULL, hazard_key
  FROM onemap.sensor WHERE %(what)s = 'sensor' AND key = %(id)s
  UNION ALL
  SELECT 1, geom, coalesce(name, key), NULL, NULL, NULL
  FROM onemap.geofence WHERE %(what)s = 'fence' AND key = %(id)s
  UNION ALL
  SELECT 1, st_buffer(st_convexhull(st_collect(geom))::geography, 100)::geometry, %(id)s, NULL, NULL, NULL
  FROM onemap.sensor WHERE %(what)s = 'feed' AND feed = %(id)s HAVING count(*) > 0
  UNION ALL
  SELECT 2, st_makeenvelope(bounds[1], bounds[2], bounds[3], bounds[4], 4326), %(id)s, NULL, NULL, NULL
  FROM onemap.city WHERE %(what)s = 'feed'
)
SELECT name, households, residents, hazard_key,
       st_asbinary(st_multi(st_collectionextract(st_makevalid(geom), 3))) AS wkb
FROM found
WHERE geom IS NOT NULL AND NOT st_isempty(st_collectionextract(st_makevalid(geom), 3))
ORDER BY rank
LIMIT 1
