-- The events counted in a cell (a range of finest cells) over a window, newest first, with what each is.
SELECT e.fid, i.key, coalesce(i.title, i.key) AS name, e.category, e.n, i.severity, i.status, i.source,
       coalesce(i.occurred_at, i.reported_at, e.hour) AS at
FROM onemap.heat_event e
LEFT JOIN onemap.incident i ON i.id = e.fid
WHERE e.surface = %(surface)s AND e.cell BETWEEN %(lo)s AND %(hi)s AND e.hour >= %(from)s AND e.hour <= %(to)s
  AND (%(category)s::text IS NULL OR e.category = %(category)s::text)
ORDER BY at DESC, e.fid DESC
