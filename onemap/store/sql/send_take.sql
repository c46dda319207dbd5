-- The run of each claimed lane: its oldest letters, at most so many, up to the first that is not due. What an earlier
-- holder left as `sending` is sent again, under the same idempotency key.
WITH run AS (
  SELECT r.id, bool_and(r.next_at <= now()) OVER (PARTITION BY l.channel_id ORDER BY r.id) AS due
  FROM unnest(%(channels)s::bigint[], %(lengths)s::int[]) AS l (channel_id, n)
  CROSS JOIN LATERAL (
    SELECT d.id, d.next_at FROM onemap.delivery d
    WHERE d.channel_id = l.channel_id AND d.state IN ('queued', 'sending') ORDER BY d.id LIMIT l.n FOR UPDATE) r
)
UPDATE onemap.delivery d
SET state = 'sending', attempts = d.attempts + 1, sent_at = now()
FROM run WHERE d.id = run.id AND run.due
RETURNING d.id, d.alert_id, d.channel_id, d.idempotency_key
