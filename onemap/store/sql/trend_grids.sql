-- Grids in force by code; with an area, those that lie whole in it.
SELECT DISTINCT ON (g.code) g.code, coalesce(g.name, g.code) AS name
FROM onemap.grid_in_force g
WHERE g.code IS NOT NULL
  AND (%(area)s::bytea IS NULL OR st_covers((SELECT st_geomfromwkb(%(area)s::bytea, 4326)), g.geom))
  AND (%(code)s::text IS NULL OR g.code = %(code)s)
ORDER BY g.code
