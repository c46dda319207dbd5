-- Declared fences, all or some.
SELECT id, key, name, level, spec, problem, st_asbinary(geom) AS wkb
FROM onemap.geofence
WHERE spec IS NOT NULL AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))
ORDER BY id
