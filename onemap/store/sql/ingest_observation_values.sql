-- Of these readings, those that stood before this transaction: the rows it wrote itself carry its own number.
SELECT o.datastream_id, o.at, o.value
FROM unnest(%(streams)b, %(ats)b) AS t (datastream_id, at)
JOIN onemap.observation o ON o.datastream_id = t.datastream_id AND o.at = t.at
WHERE o.xmin::text::bigint <> (pg_current_xact_id()::text::bigint & 4294967295)
