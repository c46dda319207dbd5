-- What the events of a cell (a range of finest cells) are worth over a window, by category, and how many they are.
SELECT e.category, sum(e.n)::float8 AS events,
       sum(e.n * (%(weights)s::float8[])[e.severity + 1]
           * CASE WHEN %(half_life)s::float8 IS NULL THEN 1.0
                  ELSE exp(-ln(2::float8) * (%(last)s::int8 - extract(epoch FROM e.hour)::int8 / 3600)
                           / %(half_life)s::float8) END)::float8 AS value
FROM onemap.heat_event e
WHERE e.surface = %(surface)s AND e.cell BETWEEN %(lo)s AND %(hi)s
  AND e.hour >= %(from)s AND e.hour < %(to)s
  AND EXISTS (SELECT 1 FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS w (low, high)
              WHERE e.hour >= w.low AND e.hour < w.high)
  AND (%(categories)s::text[] IS NULL OR e.category = ANY(%(categories)s::text[]))
  AND (%(sources)s::text[] IS NULL OR e.source = ANY(%(sources)s::text[]))
  AND (%(severities)s::int2[] IS NULL OR e.severity = ANY(%(severities)s::int2[]))
GROUP BY e.category
ORDER BY e.category
