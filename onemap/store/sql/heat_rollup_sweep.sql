-- Counters that came down to nothing go, so that a rebuild gives the very same rows.
DELETE FROM onemap.heat_rollup r
USING unnest(%(res)s::int2[], %(hours)s::timestamptz[], %(cells)s::bigint[], %(categories)s::text[])
      AS d (res, hour, cell, category)
WHERE r.surface = %(surface)s AND r.res = d.res AND r.cell = d.cell AND r.hour = d.hour AND r.category = d.category
  AND r.n = 0
