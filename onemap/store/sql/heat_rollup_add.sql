INSERT INTO onemap.heat_rollup AS r (surface, res, hour, cell, category, n)
SELECT %(surface)s, d.*
FROM unnest(%(res)s::int2[], %(hours)s::timestamptz[], %(cells)s::bigint[], %(categories)s::text[], %(ns)s::int[])
     AS d (res, hour, cell, category, n)
ORDER BY d.res, d.cell, d.hour
ON CONFLICT (surface, res, cell, hour, category) DO UPDATE SET n = r.n + excluded.n
