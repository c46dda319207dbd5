-- What could not be taken and waits to be replayed, newest first.
SELECT id, feed, raw_id, position, reason, message, record, at, replayed_at
FROM onemap.quarantine
WHERE replayed_at IS NULL AND (%(feed)s::text IS NULL OR feed = %(feed)s::text)
ORDER BY at DESC, id DESC
LIMIT %(limit)s
