-- The grids of an edition with their grounds, by code.
SELECT code, coalesce(name, '') AS name, coalesce(kind, 'unit') AS kind, community_code, team_key,
       special, st_asbinary(geom) AS wkb
FROM onemap.grid
WHERE edition IS NOT DISTINCT FROM %(edition)s::text AND code IS NOT NULL
ORDER BY code
