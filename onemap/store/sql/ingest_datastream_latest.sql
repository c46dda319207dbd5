-- A late reading is stored, but is not the latest.
UPDATE onemap.datastream d
SET last_value = t.value, last_at = t.at
FROM unnest(%(ids)s::bigint[], %(ats)s::timestamptz[], %(values)s::float8[]) AS t (id, at, value)
WHERE d.id = t.id AND (d.last_at IS NULL OR d.last_at < t.at)
