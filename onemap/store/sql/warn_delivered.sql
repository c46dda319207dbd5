-- Marks queued deliveries of a channel as delivered; gives the alerts that this concerned.
WITH waiting AS (
  SELECT id FROM onemap.delivery
  WHERE alert_id = ANY(%(ids)s) AND channel = %(channel)s AND state = 'queued'
  ORDER BY id FOR UPDATE
)
UPDATE onemap.delivery d
SET state = 'delivered', delivered_at = %(at)s, attempts = d.attempts + 1, error = NULL
FROM waiting WHERE d.id = waiting.id
RETURNING d.alert_id
