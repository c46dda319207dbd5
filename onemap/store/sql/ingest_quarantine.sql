-- Nothing is lost: what is refused again for the same reason says it in its newest words.
INSERT INTO onemap.quarantine (feed, raw_id, position, reason, message, record)
SELECT %(feed)s, t.raw_id, t.position, t.reason, t.message, t.record
FROM unnest(%(raws)s::bigint[], %(positions)s::text[], %(reasons)s::text[], %(messages)s::text[],
            %(records)s::jsonb[])
     AS t (raw_id, position, reason, message, record)
ORDER BY t.raw_id, t.position, t.reason
ON CONFLICT (raw_id, position, reason) DO UPDATE SET message = excluded.message, record = excluded.record
