-- The newest events counted in a cell (a range of finest cells) over a window, with what each is and what it is worth.
SELECT e.fid, i.key, coalesce(i.title, i.key) AS name, e.category, e.value, i.severity, i.status, i.source,
       coalesce(i.occurred_at, i.reported_at, e.hour) AS at
FROM (
  SELECT e.fid, e.category, e.hour,
         (e.n * (%(weights)s::float8[])[e.severity + 1]
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
  ORDER BY e.hour DESC, e.fid DESC
  LIMIT %(limit)s
) AS e
LEFT JOIN onemap.incident i ON i.id = e.fid
ORDER BY at DESC, e.fid DESC
