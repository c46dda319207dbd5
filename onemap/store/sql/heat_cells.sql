-- The sum of a window in each cell of some ranges of finest cells, straight from the events.
SELECT (e.cell & ~(15::bigint << 52)) | (%(res)s::bigint << 52) | ((1::bigint << (3 * (15 - %(res)s::int))) - 1) AS cell,
       sum(e.n * (%(weights)s::float8[])[e.severity + 1]
           * CASE WHEN %(half_life)s::float8 IS NULL THEN 1.0
                  ELSE exp(-ln(2::float8) * (%(last)s::int8 - extract(epoch FROM e.hour)::int8 / 3600)
                           / %(half_life)s::float8) END)::float8 AS value
FROM unnest(%(lo)s::bigint[], %(hi)s::bigint[]) AS span (lo, hi)
JOIN onemap.heat_event e ON e.surface = %(surface)s AND e.cell BETWEEN span.lo AND span.hi
WHERE e.hour >= %(from)s AND e.hour < %(to)s
  AND EXISTS (SELECT 1 FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS w (low, high)
              WHERE e.hour >= w.low AND e.hour < w.high)
  AND (%(categories)s::text[] IS NULL OR e.category = ANY(%(categories)s::text[]))
  AND (%(sources)s::text[] IS NULL OR e.source = ANY(%(sources)s::text[]))
  AND (%(severities)s::int2[] IS NULL OR e.severity = ANY(%(severities)s::int2[]))
GROUP BY 1
ORDER BY 1
