-- The unit grid of the current edition that holds each position; on a shared edge, the one with the lower code.
SELECT p.n, g.code
FROM (SELECT t.n, st_setsrid(st_makepoint(t.lon, t.lat), 4326) AS geom
      FROM unnest(%(lons)s::float8[], %(lats)s::float8[]) WITH ORDINALITY AS t (lon, lat, n)) p
CROSS JOIN LATERAL (
  SELECT g.code
  FROM onemap.grid g
  WHERE st_covers(g.geom, p.geom)
    AND g.edition IS NOT DISTINCT FROM
        coalesce((SELECT nullif(edition, '') FROM onemap.city), (SELECT max(edition) FROM onemap.grid))
    AND (g.valid_to IS NULL OR g.valid_to > now())
  ORDER BY g.code
  LIMIT 1
) g
