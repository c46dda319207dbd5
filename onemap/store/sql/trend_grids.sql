-- Grids of the current edition by code; with an area, those that lie whole in it.
SELECT DISTINCT ON (g.code) g.code, coalesce(g.name, g.code) AS name
FROM onemap.grid g
WHERE g.code IS NOT NULL
  AND g.edition IS NOT DISTINCT FROM
      coalesce((SELECT nullif(edition, '') FROM onemap.city), (SELECT max(edition) FROM onemap.grid))
  AND (g.valid_to IS NULL OR g.valid_to > now())
  AND (%(area)s::bytea IS NULL OR st_covers((SELECT st_geomfromwkb(%(area)s::bytea, 4326)), g.geom))
  AND (%(code)s::text IS NULL OR g.code = %(code)s)
ORDER BY g.code
