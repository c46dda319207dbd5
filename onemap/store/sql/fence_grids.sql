-- Grids by code in the edition in force; a city without a named edition has those that are valid now.
SELECT DISTINCT ON (g.code) g.code, st_asbinary(g.geom) AS wkb
FROM onemap.grid g
LEFT JOIN onemap.city c ON true
WHERE g.code = ANY(%(codes)s)
  AND CASE WHEN coalesce(c.edition, '') <> '' THEN g.edition = c.edition
           ELSE (g.valid_from IS NULL OR g.valid_from <= now()) AND (g.valid_to IS NULL OR g.valid_to > now()) END
ORDER BY g.code, g.sys_from DESC
