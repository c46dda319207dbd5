-- Readings newer than what is known of each datastream.
SELECT k.id, o.at, o.value
FROM unnest(%(ids)s::bigint[], %(ats)s::timestamptz[]) AS k (id, at)
JOIN onemap.observation o ON o.datastream_id = k.id AND o.at > k.at
ORDER BY k.id, o.at
