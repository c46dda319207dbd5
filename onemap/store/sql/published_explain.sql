-- Published counts of one range of cells over days, by category.
SELECT p.category, sum(p.n)::bigint AS n
FROM onemap.published_count p
WHERE p.surface = %(surface)s AND p.cell BETWEEN %(lo)s AND %(hi)s
  AND p.day = ANY(%(days)s::date[])
  AND (cardinality(%(categories)s::text[]) = 0 OR p.category = ANY(%(categories)s::text[]))
GROUP BY p.category
ORDER BY n DESC, p.category
