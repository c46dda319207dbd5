-- Grids of an edition by code: of some communities or all; with an area those that lie whole in it.
SELECT g.code, coalesce(g.name, '') AS name, g.community_code, st_asbinary(g.geom) AS wkb
FROM onemap.grid g
WHERE g.edition IS NOT DISTINCT FROM %(edition)s::text AND g.code IS NOT NULL
  AND (%(scope)s::text IS NULL OR starts_with(g.community_code, %(scope)s::text)
       OR g.community_code = ANY(%(communities)s::text[]))
  AND (%(area)s::bytea IS NULL OR st_covers((SELECT st_geomfromwkb(%(area)s::bytea, 4326)), g.geom))
ORDER BY g.code, g.key
