-- What became of letters, by id. Taken is taken, whoever holds the lane by now. A failure counts only from who holds it:
-- anybody else was given up for dead, and somebody else is sending the letter again. An attempt that was not made
-- (`untried`) is not counted. Gives what changed.
UPDATE onemap.delivery d
SET state = CASE WHEN r.what = 'ok' THEN 'delivered' ELSE 'queued' END,
    delivered_at = CASE WHEN r.what = 'ok' THEN now() ELSE d.delivered_at END,
    next_at = coalesce(now() + make_interval(secs => r.wait_s), d.next_at),
    attempts = d.attempts - CASE WHEN r.what = 'untried' THEN 1 ELSE 0 END,
    error = CASE WHEN r.what = 'ok' THEN NULL WHEN r.what = 'untried' THEN d.error ELSE r.error END
FROM unnest(%(ids)s::bigint[], %(whats)s::text[], %(waits)s::float8[], %(errors)s::text[])
     AS r (id, what, wait_s, error)
WHERE d.id = r.id AND (
  (r.what = 'ok' AND d.state IN ('queued', 'sending', 'moot'))
  OR (r.what <> 'ok' AND d.state = 'sending'
      AND EXISTS (SELECT FROM onemap.channel c WHERE c.id = d.channel_id AND c.holder = %(holder)s)))
RETURNING d.id, d.alert_id, d.channel_id, d.kind, r.what, d.error, d.next_at > d.give_up_at AS late
