-- Hazard points whose field reaches one of some boxes (of buildings that changed).
SELECT DISTINCT h.key
FROM unnest(%(west)s::float8[], %(south)s::float8[], %(east)s::float8[], %(north)s::float8[]) AS b (w, s, e, n)
JOIN (
  SELECT key, geom FROM onemap.hazard UNION ALL SELECT hazard_key, geom FROM onemap.hazard_zone
) AS h ON h.geom && st_expand(st_makeenvelope(b.w, b.s, b.e, b.n, 4326), %(degrees)s)
