-- The sum of a window in each cell of some ranges of cells.
SELECT r.cell, sum(r.n)::float8 AS value
FROM unnest(%(lo)s::bigint[], %(hi)s::bigint[]) AS span (lo, hi)
JOIN onemap.heat_rollup r ON r.surface = %(surface)s AND r.res = %(res)s AND r.cell BETWEEN span.lo AND span.hi
WHERE r.hour >= %(from)s AND r.hour <= %(to)s AND (%(category)s::text IS NULL OR r.category = %(category)s::text)
GROUP BY r.cell
ORDER BY r.cell
