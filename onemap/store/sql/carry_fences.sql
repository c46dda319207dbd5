-- Declared fences that name one of some grids, locked, with all the grids they name.
SELECT key, ARRAY(SELECT jsonb_array_elements_text(spec -> 'source' -> 'codes')) AS codes
FROM onemap.geofence
WHERE spec -> 'source' ->> 'type' = 'grids' AND spec -> 'source' -> 'codes' ?| %(codes)s::text[]
ORDER BY key
FOR NO KEY UPDATE
