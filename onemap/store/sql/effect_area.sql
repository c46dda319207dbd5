-- The outline of a grid of the current edition, or of an administrative area, by code.
SELECT st_asbinary(geom) AS wkb FROM (
  SELECT g.geom, g.id FROM onemap.grid g
  WHERE g.code = %(grid)s
    AND g.edition IS NOT DISTINCT FROM
        coalesce((SELECT nullif(edition, '') FROM onemap.city), (SELECT max(edition) FROM onemap.grid))
    AND (g.valid_to IS NULL OR g.valid_to > now())
  UNION ALL
  SELECT a.geom, a.id FROM onemap.area a WHERE a.code = %(area)s
) AS found
ORDER BY id LIMIT 1
