-- The levels of hazard points through a time, from their present and former versions.
SELECT key, st_x(geom) AS lon, st_y(geom) AS lat, level, sys_from, NULL::timestamptz AS sys_to FROM onemap.hazard
UNION ALL
SELECT key, st_x(geom), st_y(geom), level, sys_from, sys_to FROM onemap.hazard_history
WHERE sys_to > %(from)s AND sys_from <= %(to)s
ORDER BY key, sys_from
