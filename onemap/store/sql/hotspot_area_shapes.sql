-- The outlines of the study area's parts.
SELECT st_asbinary(geom) AS wkb FROM onemap.area WHERE level = %(source)s AND %(source)s <> 'grid'
UNION ALL
SELECT st_asbinary(geom) FROM onemap.grid_in_force WHERE %(source)s = 'grid'
