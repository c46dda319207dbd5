-- The grids of an edition by code, in one order, so that the same rows make the same coverage.
SELECT coalesce(code, key) AS id, code, name, kind, special, community_code, team_key, st_asbinary(geom) AS wkb
FROM onemap.grid
WHERE edition = %(edition)s
ORDER BY coalesce(code, key), key
