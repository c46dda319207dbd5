-- Hazard points that count, with their threatened zone or, where there is none, the point itself.
SELECT h.key, h.name, h.level, h.sys_from, st_asbinary(coalesce(z.geom, h.geom)) AS wkb
FROM onemap.hazard h
LEFT JOIN LATERAL (
  SELECT st_collectionextract(st_union(geom), 3) AS geom FROM onemap.hazard_zone WHERE hazard_key = h.key
) AS z ON true
WHERE (%(keys)s::text[] IS NULL OR h.key = ANY(%(keys)s::text[])) AND h.status IS DISTINCT FROM 'closed'
ORDER BY h.key
