-- The outline of a grid in force, or of an administrative area, by code.
SELECT st_asbinary(geom) AS wkb FROM (
  SELECT g.geom, g.id FROM onemap.grid_in_force g WHERE g.code = %(grid)s
  UNION ALL
  SELECT a.geom, a.id FROM onemap.area a WHERE a.code = %(area)s
) AS found
ORDER BY id LIMIT 1
