SELECT o.datastream_id, o.at, o.value
FROM unnest(%(streams)s::bigint[], %(ats)s::timestamptz[]) AS t (datastream_id, at)
JOIN onemap.observation o ON o.datastream_id = t.datastream_id AND o.at = t.at
