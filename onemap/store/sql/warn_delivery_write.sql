-- What became of a delivery that was taken; nothing if another worker has settled it since.
UPDATE onemap.delivery
SET state = %(state)s, next_at = coalesce(%(next_at)s, next_at), error = %(error)s,
    delivered_at = CASE WHEN %(state)s = 'delivered' THEN %(now)s ELSE delivered_at END
WHERE id = %(id)s AND state = 'queued'
