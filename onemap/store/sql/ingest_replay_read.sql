SELECT q.id, q.feed, q.raw_id, q.position, q.reason, q.record, r.source, r.media_type, r.payload
FROM onemap.quarantine q
JOIN onemap.raw_record r ON r.id = q.raw_id
WHERE q.id = %(id)s
