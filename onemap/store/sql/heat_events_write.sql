INSERT INTO onemap.heat_event (surface, fid, cell, hour, category, source, severity, n)
SELECT %(surface)s, e.*
FROM unnest(%(fids)s::bigint[], %(cells)s::bigint[], %(hours)s::timestamptz[], %(categories)s::text[],
            %(sources)s::text[], %(severities)s::int2[], %(ns)s::int[]) AS e
ON CONFLICT (surface, fid) DO UPDATE
SET cell = excluded.cell, hour = excluded.hour, category = excluded.category, source = excluded.source,
    severity = excluded.severity, n = excluded.n
