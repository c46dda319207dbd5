-- Events at fences, named as fences and movers are called now; a fence that is gone by the name that it last had.
INSERT INTO onemap.fence_event (fence_id, fence_key, fence_name, mover_id, mover_key, mover_name, kind, at, lon, lat,
                                probability, distance_m, accuracy_m, value, because)
SELECT t.fence, coalesce(g.key, h.key, ''), coalesce(g.name, h.name, ''), nullif(t.mover, -1), m.key, m.name, t.kind,
       to_timestamp(t.at_s), nullif(t.lon, 'NaN'), nullif(t.lat, 'NaN'), nullif(t.p, 'NaN'),
       CASE WHEN t.metres NOT IN ('NaN', 'Infinity') THEN t.metres END, nullif(t.accuracy, 'NaN'),
       nullif(t.value, 'NaN'), t.because
FROM unnest(%(fences)s::bigint[], %(movers)s::bigint[], %(kinds)s::text[], %(ats)s::float8[], %(lons)s::float8[],
            %(lats)s::float8[], %(ps)s::float8[], %(metres)s::float8[], %(accuracies)s::float8[], %(values)s::float8[],
            %(because)s::text[])
     WITH ORDINALITY AS t (fence, mover, kind, at_s, lon, lat, p, metres, accuracy, value, because, n)
LEFT JOIN onemap.geofence g ON g.id = t.fence
LEFT JOIN onemap.mover m ON m.id = t.mover
LEFT JOIN LATERAL (SELECT key, name FROM onemap.geofence_history o WHERE g.id IS NULL AND o.id = t.fence
                   ORDER BY o.sys_to DESC LIMIT 1) h ON true
ORDER BY t.n
RETURNING id
