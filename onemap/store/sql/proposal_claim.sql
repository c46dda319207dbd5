-- The oldest question that waits, of the short ones or the long ones; another worker's claim is passed over.
UPDATE onemap.proposal
SET state = 'running', attempts = attempts + 1, progress = 0, started_at = clock_timestamp(),
    beat_at = clock_timestamp()
WHERE id = (
  SELECT id FROM onemap.proposal
  WHERE state = 'queued' AND (seconds_asked <= %(short_s)s) = %(short)s
  ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, plan_key, version, asked, asked_by, attempts
