-- The city's closed days whose counts changed since an instant.
SELECT DISTINCT (hour AT TIME ZONE %(zone)s)::date AS day
FROM onemap.heat_change
WHERE surface = %(surface)s AND at >= %(since)s AND (hour AT TIME ZONE %(zone)s)::date <= %(end)s
ORDER BY day
