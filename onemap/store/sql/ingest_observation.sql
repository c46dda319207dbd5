-- New readings only: what stands under the same stream and instant stays, and is compared by the caller.
INSERT INTO onemap.observation (datastream_id, at, value, raw_id)
SELECT t.datastream_id, t.at, t.value, t.raw_id
FROM unnest(%(streams)b, %(ats)b, %(values)b, %(raws)b) AS t (datastream_id, at, value, raw_id)
ORDER BY t.datastream_id, t.at
ON CONFLICT (datastream_id, at) DO NOTHING
