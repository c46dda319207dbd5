-- The grids of later editions that took ground of some grids.
SELECT l.base AS from_edition, l.code_before AS from_code, l.edition, l.code, l.relation, l.share,
       g.name, g.valid_from, g.valid_to
FROM unnest(%(editions)s::text[], %(codes)s::text[]) AS own (edition, code)
JOIN onemap.grid_lineage l ON l.base = own.edition AND l.code_before = own.code AND l.code IS NOT NULL
LEFT JOIN onemap.grid g ON g.edition = l.edition AND g.code = l.code
ORDER BY l.id
