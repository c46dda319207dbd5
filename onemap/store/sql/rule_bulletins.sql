-- Bulletins that were in force in a time; one without end counts for a day.
SELECT level, area_codes, issued_at, coalesce(valid_until, issued_at + interval '1 day') AS valid_until
FROM onemap.bulletin
WHERE issued_at <= %(to)s AND coalesce(valid_until, issued_at + interval '1 day') > %(from)s
ORDER BY issued_at
