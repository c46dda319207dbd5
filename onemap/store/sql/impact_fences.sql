-- How many declared fences take their ground from some grids.
SELECT count(*)::int AS fences
FROM onemap.geofence
WHERE spec -> 'source' ->> 'type' = 'grids' AND spec -> 'source' -> 'codes' ?| %(codes)s::text[]
