-- Land use and, on top of it, water that meets a box, as classes of land cover.
SELECT kind, st_asbinary(geom) AS geom
FROM (SELECT 0 AS above, id, coalesce(kind, 'other') AS kind, geom FROM landuse
      WHERE geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
      UNION ALL
      SELECT 1, id, 'water', geom FROM water
      WHERE geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)) areas
ORDER BY above, id
