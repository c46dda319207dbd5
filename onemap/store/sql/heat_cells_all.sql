-- The sum of a window in every cell of a resolution.
SELECT r.cell, sum(r.n)::float8 AS value
FROM onemap.heat_rollup r
WHERE r.surface = %(surface)s AND r.res = %(res)s AND r.hour >= %(from)s AND r.hour <= %(to)s
  AND (%(category)s::text IS NULL OR r.category = %(category)s::text)
GROUP BY r.cell
ORDER BY r.cell
