-- Counts by parent cell, by masks of the cell's bits. Ranges of cells are disjoint, so each is one look into the index
-- and no event is counted twice; the outer limits of the hours are for the index, their list is exact.
SELECT (e.cell & %(keep)s::bigint) | %(head)s::bigint AS cell, sum(e.n)::bigint AS n
FROM unnest(%(lows)s::bigint[], %(highs)s::bigint[]) AS r (low, high)
JOIN onemap.heat_event e ON e.cell BETWEEN r.low AND r.high
WHERE e.surface = %(surface)s
  AND e.hour >= %(first)s AND e.hour < %(last)s
  AND EXISTS (
    SELECT FROM unnest(%(froms)s::timestamptz[], %(tos)s::timestamptz[]) AS w (since, until)
    WHERE e.hour >= w.since AND e.hour < w.until
  )
  AND (cardinality(%(categories)s::text[]) = 0 OR e.category = ANY (%(categories)s::text[]))
  AND (cardinality(%(sources)s::text[]) = 0 OR e.source = ANY (%(sources)s::text[]))
  AND (cardinality(%(severities)s::int[]) = 0 OR e.severity = ANY (%(severities)s::int[]))
GROUP BY 1
HAVING sum(e.n) <> 0
ORDER BY 1
