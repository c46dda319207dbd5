-- Declared fences, all or some. What was drawn is in the ground already: it is not sent a second time.
SELECT id, key, name, level,
       CASE WHEN jsonb_typeof(spec -> 'source' -> 'geometry') = 'object'
            THEN jsonb_set(spec, '{source,geometry}', '{}') ELSE spec END AS spec,
       problem, st_asbinary(geom) AS wkb
FROM onemap.geofence
WHERE spec IS NOT NULL AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))
ORDER BY id
