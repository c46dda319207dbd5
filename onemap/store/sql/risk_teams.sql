-- Teams that could go now, at their bases.
SELECT key, coalesce(kind, '') AS kind, st_x(geom) AS lon, st_y(geom) AS lat
FROM onemap.team WHERE status IS NOT DISTINCT FROM 'idle' ORDER BY key
