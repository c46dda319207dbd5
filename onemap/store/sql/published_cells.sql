-- Published counts of cells in ranges over days, of some categories or (empty) all.
SELECT p.cell, sum(p.n)::bigint AS n
FROM onemap.published_count p
WHERE p.surface = %(surface)s
  AND p.day = ANY(%(days)s::date[])
  AND (cardinality(%(categories)s::text[]) = 0 OR p.category = ANY(%(categories)s::text[]))
  AND EXISTS (SELECT 1 FROM unnest(%(lo)s::bigint[], %(hi)s::bigint[]) AS r (lo, hi) WHERE p.cell BETWEEN r.lo AND r.hi)
GROUP BY p.cell
ORDER BY p.cell
