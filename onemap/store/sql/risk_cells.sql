-- Cells and scores of a surface in ranges of chunks.
SELECT c.cells, c.score
FROM unnest(%(lo)s::bigint[], %(hi)s::bigint[]) AS span (lo, hi)
JOIN onemap.risk_chunk c ON c.surface = %(surface)s AND c.chunk BETWEEN span.lo AND span.hi
ORDER BY c.chunk
