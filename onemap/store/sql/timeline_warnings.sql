-- Warnings raised in a window; what was an exercise is no part of what happened.
SELECT raised_at AS at, level, key, title
FROM onemap.warning
WHERE raised_at >= %(start)s AND raised_at < %(end)s AND NOT coalesce(drill, false)
  AND (%(area)s::bytea IS NULL OR st_intersects(geom, st_geomfromwkb(%(area)s::bytea, 4326)))
ORDER BY raised_at, key
LIMIT 500
