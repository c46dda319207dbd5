-- Hazard points that count and lie, or whose threatened zone lies, in one of some boxes; with the zone where there is one.
WITH box AS (
  SELECT st_makeenvelope(b.w, b.s, b.e, b.n, 4326) AS geom
  FROM unnest(%(west)s::float8[], %(south)s::float8[], %(east)s::float8[], %(north)s::float8[]) AS b (w, s, e, n)
),
near AS (
  SELECT h.key FROM box JOIN onemap.hazard h ON h.geom && box.geom
  UNION SELECT z.hazard_key FROM box JOIN onemap.hazard_zone z ON z.geom && box.geom
)
SELECT h.key, coalesce(h.name, h.key) AS name, coalesce(h.kind, '') AS kind, coalesce(h.level, 4)::int AS level,
       h.sys_from AS at, st_x(h.geom) AS lon, st_y(h.geom) AS lat, st_asbinary(z.geom) AS zone
FROM near
JOIN onemap.hazard h USING (key)
LEFT JOIN LATERAL (
  SELECT st_collectionextract(st_union(geom), 3) AS geom FROM onemap.hazard_zone WHERE hazard_key = h.key
) AS z ON true
WHERE h.status IS DISTINCT FROM 'closed'
ORDER BY h.key
