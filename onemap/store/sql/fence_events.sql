-- Events at fences, newest first, of places in the asker's area; one without a place stands where its fence does.
SELECT e.*
FROM onemap.fence_event e
WHERE (%(fence)s::text IS NULL OR e.fence_key = %(fence)s)
  AND (%(since)s::timestamptz IS NULL OR e.at >= %(since)s)
  AND (%(area)s::bytea IS NULL OR CASE
    WHEN e.lon IS NOT NULL
    THEN st_intersects(st_setsrid(st_makepoint(e.lon, e.lat), 4326), st_geomfromwkb(%(area)s, 4326))
    ELSE EXISTS (SELECT 1 FROM onemap.geofence g WHERE g.id = e.fence_id
                   AND st_intersects(g.geom, st_geomfromwkb(%(area)s, 4326))) END)
ORDER BY e.id DESC
LIMIT %(limit)s
