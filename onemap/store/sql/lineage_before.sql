-- The grids of the edition before that some grids came from.
SELECT l.edition AS from_edition, l.code AS from_code, l.base AS edition, l.code_before AS code, l.relation, l.share,
       g.name, g.valid_from, g.valid_to
FROM unnest(%(editions)s::text[], %(codes)s::text[]) AS own (edition, code)
JOIN onemap.grid_lineage l ON l.edition = own.edition AND l.code = own.code AND l.code_before IS NOT NULL
LEFT JOIN onemap.grid g ON g.edition = l.base AND g.code = l.code_before
ORDER BY l.id
