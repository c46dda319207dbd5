-- The greatest score of a surface in each chunk of some ranges.
SELECT c.chunk AS cell, c.worst AS value
FROM unnest(%(lo)s::bigint[], %(hi)s::bigint[]) AS span (lo, hi)
JOIN onemap.risk_chunk c ON c.surface = %(surface)s AND c.chunk BETWEEN span.lo AND span.hi
ORDER BY c.chunk
