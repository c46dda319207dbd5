-- Write the published values of atoms.
INSERT INTO onemap.published_count (surface, day, cell, category, n)
SELECT %(surface)s, t.day, t.cell, t.category, t.n
FROM unnest(%(days)s::date[], %(cells)s::bigint[], %(categories)s::text[], %(ns)s::int[]) AS t (day, cell, category, n)
ON CONFLICT (surface, day, cell, category) DO UPDATE SET n = excluded.n
