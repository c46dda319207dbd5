-- The run of each claimed lane: its oldest letters, at most so many, up to the first that is not due. What an earlier
-- holder left as `sending` is sent again, under the same idempotency key.
-- Letters are locked in the order of their ids, by everybody; what became moot while we waited is passed over.
WITH oldest AS (
  SELECT r.id FROM unnest(%(channels)s::bigint[], %(lengths)s::int[]) AS l (channel_id, n)
  CROSS JOIN LATERAL (
    SELECT d.id FROM onemap.delivery d
    WHERE d.channel_id = l.channel_id AND d.state IN ('queued', 'sending') ORDER BY d.id LIMIT l.n) r
),
taken AS (
  SELECT d.id, d.channel_id, d.next_at FROM onemap.delivery d
  WHERE d.id IN (SELECT id FROM oldest) AND d.state IN ('queued', 'sending') ORDER BY d.id FOR NO KEY UPDATE
),
run AS (
  SELECT id, bool_and(next_at <= now()) OVER (PARTITION BY channel_id ORDER BY id) AS due FROM taken
)
UPDATE onemap.delivery d
SET state = 'sending', attempts = d.attempts + 1, sent_at = now()
FROM run WHERE d.id = run.id AND run.due
RETURNING d.id, d.alert_id, d.channel_id, d.idempotency_key
