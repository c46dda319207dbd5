-- The grids of an edition with their grounds, by code; those of a file without codes by key, as a plan calls them.
SELECT coalesce(code, key) AS code, coalesce(name, '') AS name, coalesce(kind, 'unit') AS kind, community_code, team_key,
       special, st_asbinary(geom) AS wkb
FROM onemap.grid
WHERE edition IS NOT DISTINCT FROM %(edition)s::text
ORDER BY 1
