-- The events of a surface with their texts as codes, for a binary copy whose rows are all of one length.
SELECT e.fid, e.cell, e.hour, k.category, k.source, e.severity, e.n
FROM onemap.heat_event e
JOIN (
  SELECT c.category AS category_name, s.source AS source_name, (c.at - 1)::int2 AS category, (s.at - 1)::int2 AS source
  FROM unnest({categories}::text[]) WITH ORDINALITY AS c (category, at),
       unnest({sources}::text[]) WITH ORDINALITY AS s (source, at)
) AS k ON k.category_name = e.category AND k.source_name = e.source
WHERE e.surface = {surface} {limits}
