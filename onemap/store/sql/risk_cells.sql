SELECT p.cell, sum(p.value)::float8 AS value
FROM unnest(%(lo)s::bigint[], %(hi)s::bigint[]) AS span (lo, hi)
JOIN onemap.risk_part p ON p.cell BETWEEN span.lo AND span.hi
GROUP BY p.cell
ORDER BY p.cell
