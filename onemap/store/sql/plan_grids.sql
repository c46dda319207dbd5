-- The grids of an edition by code, in one order, so that the same rows make the same coverage. A grid of a file without
-- a column for its community is of the one that its code names, or that it lies in.
SELECT coalesce(code, key) AS id, code, name, kind, special, team_key, st_asbinary(geom) AS wkb,
       coalesce(
         community_code, CASE WHEN code ~ '^[0-9A-Z]{15}$' THEN left(code, 12) END,
         (SELECT a.code FROM onemap.area a
          WHERE a.level = 'community' AND st_covers(a.geom, st_pointonsurface(grid.geom)) ORDER BY a.code LIMIT 1)
       ) AS community_code
FROM onemap.grid
WHERE edition = %(edition)s
ORDER BY coalesce(code, key), key
