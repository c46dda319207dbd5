-- Incidents of some codes since an hour in some boxes.
SELECT DISTINCT i.key, st_x(i.geom) AS lon, st_y(i.geom) AS lat, i.kind || '-' || i.code AS code,
       floor(extract(epoch FROM coalesce(i.occurred_at, i.reported_at, i.sys_from)) / 3600)::int AS hour
FROM unnest(%(west)s::float8[], %(south)s::float8[], %(east)s::float8[], %(north)s::float8[]) AS b (w, s, e, n)
JOIN onemap.incident i ON i.geom && st_makeenvelope(b.w, b.s, b.e, b.n, 4326)
WHERE coalesce(i.occurred_at, i.reported_at, i.sys_from) >= %(since)s
  AND i.kind || '-' || i.code LIKE ANY(%(codes)s)
ORDER BY i.key
