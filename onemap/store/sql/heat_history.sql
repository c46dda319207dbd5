-- The events of a cell (a range of finest cells) between each two of some ascending hours since 1970.
SELECT width_bucket(extract(epoch FROM e.hour)::int8 / 3600, %(edges)s::int8[]) - 1 AS at,
       sum(e.n * (%(weights)s::float8[])[e.severity + 1])::float8 AS value
FROM onemap.heat_event e
WHERE e.surface = %(surface)s AND e.cell BETWEEN %(lo)s AND %(hi)s
  AND e.hour >= %(from)s AND e.hour < %(to)s
  AND (%(categories)s::text[] IS NULL OR e.category = ANY(%(categories)s::text[]))
  AND (%(sources)s::text[] IS NULL OR e.source = ANY(%(sources)s::text[]))
  AND (%(severities)s::int2[] IS NULL OR e.severity = ANY(%(severities)s::int2[]))
GROUP BY 1
