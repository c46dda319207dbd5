-- Grids in force, by code.
SELECT DISTINCT ON (g.code) g.code, st_asbinary(g.geom) AS wkb
FROM onemap.grid_in_force g
WHERE g.code = ANY(%(codes)s)
ORDER BY g.code, g.sys_from DESC
