-- Lanes with something due that nobody holds, for the length of a lease; a lane is a channel, and who holds it alone
-- sends by it: that keeps the order. The lease, not a row lock, covers the sending: a transaction kept open over a slow
-- endpoint would hold up every follower of the change log. `suspect`: lanes whose last attempt failed, or the others.
WITH due AS (
  SELECT c.id FROM onemap.channel c
  CROSS JOIN LATERAL (
    SELECT d.next_at FROM onemap.delivery d
    WHERE d.channel_id = c.id AND d.state IN ('queued', 'sending') ORDER BY d.id LIMIT 1) head
  WHERE c.kind <> 'live' AND c.enabled AND c.deleted_at IS NULL AND (c.failures > 0) = %(suspect)s
    AND NOT c.id = ANY(%(mine)s) AND (c.leased_until IS NULL OR c.leased_until < now())
    AND (c.retry_at IS NULL OR c.retry_at <= now()) AND head.next_at <= now()
  ORDER BY head.next_at, c.id
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF c SKIP LOCKED
)
UPDATE onemap.channel c
SET holder = %(holder)s, leased_until = now() + make_interval(secs => %(lease_s)s)
FROM due WHERE c.id = due.id
RETURNING c.id, c.kind, c.url, c.secret, c.failures
