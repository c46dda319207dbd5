-- A sensor that speaks is online; one that already was changes only its volatile columns and leaves no history.
UPDATE onemap.sensor s
SET last_value = t.value, last_unit = t.unit, last_at = t.at, status = 'online'
FROM unnest(%(keys)s::text[], %(ats)s::timestamptz[], %(values)s::float8[], %(units)s::text[])
     AS t (key, at, value, unit)
WHERE s.key = t.key AND (s.last_at IS NULL OR s.last_at < t.at)
