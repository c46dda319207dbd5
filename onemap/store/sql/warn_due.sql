-- Takes the next due delivery by webhook for the length of a lease. The lock passes over what another worker holds; the
-- lease, not the lock, covers the sending: a transaction kept open over a slow endpoint would hold up every follower of
-- the change log. Endpoints that failed a moment ago are left out, so that one dead endpoint does not delay the others.
WITH due AS (
  SELECT d.id FROM onemap.delivery d
  JOIN onemap.webhook h ON h.id = d.webhook_id AND h.enabled
  WHERE d.state = 'queued' AND d.channel = 'webhook' AND d.next_at <= %(now)s AND NOT d.webhook_id = ANY(%(failed)s)
  ORDER BY d.next_at, d.id
  LIMIT 1
  FOR UPDATE OF d SKIP LOCKED
)
UPDATE onemap.delivery d
SET attempts = d.attempts + 1, next_at = %(now)s + make_interval(secs => %(lease_s)s)
FROM due, onemap.webhook h
WHERE d.id = due.id AND h.id = d.webhook_id
RETURNING d.id, d.alert_id, d.webhook_id, d.idempotency_key, d.attempts, h.url, h.secret
