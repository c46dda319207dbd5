-- The unit grid in force that holds each position; on a shared edge, the one with the lower code.
SELECT p.n, g.code
FROM (SELECT t.n, st_setsrid(st_makepoint(t.lon, t.lat), 4326) AS geom
      FROM unnest(%(lons)s::float8[], %(lats)s::float8[]) WITH ORDINALITY AS t (lon, lat, n)) p
CROSS JOIN LATERAL (
  SELECT g.code
  FROM onemap.grid_in_force g
  WHERE st_covers(g.geom, p.geom)
  ORDER BY g.code
  LIMIT 1
) g
