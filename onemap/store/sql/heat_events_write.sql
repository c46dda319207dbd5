INSERT INTO onemap.heat_event (surface, fid, cell, hour, category, n)
SELECT %(surface)s, e.*
FROM unnest(%(fids)s::bigint[], %(cells)s::bigint[], %(hours)s::timestamptz[], %(categories)s::text[], %(ns)s::int[]) AS e
ON CONFLICT (surface, fid) DO UPDATE
SET cell = excluded.cell, hour = excluded.hour, category = excluded.category, n = excluded.n
