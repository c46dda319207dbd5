-- Signed differences between what was counted and what is, for those who keep sums of it.
INSERT INTO onemap.heat_change (surface, fid, cell, hour, category, source, severity, n)
SELECT %(surface)s, e.*
FROM unnest(%(fids)s::bigint[], %(cells)s::bigint[], %(hours)s::timestamptz[], %(categories)s::text[],
            %(sources)s::text[], %(severities)s::int2[], %(ns)s::int[]) AS e
