-- Marks waiting deliveries of a kind as delivered; gives the alerts that this concerned. What was let go as no longer
-- needed, or given up, and went out all the same has been delivered. Alerts are locked before their deliveries, as by who
-- answers them.
WITH held AS (
  SELECT id FROM onemap.alert WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE
),
waiting AS (
  SELECT d.id FROM held JOIN onemap.delivery d ON d.alert_id = held.id
  WHERE d.kind = %(channel)s AND d.state IN ('queued', 'moot', 'dead')
  ORDER BY d.id FOR NO KEY UPDATE OF d
)
UPDATE onemap.delivery d
SET state = 'delivered', delivered_at = %(at)s, sent_at = %(at)s, attempts = d.attempts + 1, error = NULL
FROM waiting WHERE d.id = waiting.id
RETURNING d.alert_id
