-- Fences by id, those that are gone as they were last.
SELECT DISTINCT ON (id) id, key, name, level, spec
FROM (SELECT id, key, name, level, spec, 'infinity'::timestamptz AS until FROM onemap.geofence WHERE id = ANY(%(ids)s)
      UNION ALL
      SELECT id, key, name, level, spec, sys_to FROM onemap.geofence_history WHERE id = ANY(%(ids)s)) f
WHERE spec IS NOT NULL
ORDER BY id, until DESC
