-- What was held and whose wait has passed: queued, where nobody has answered; else no longer needed.
WITH due AS (
  SELECT id FROM onemap.delivery WHERE state = 'held' AND next_at <= now() ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED
)
UPDATE onemap.delivery d
SET state = CASE WHEN a.acknowledged_at IS NULL AND a.declined_at IS NULL THEN 'queued' ELSE 'moot' END,
    error = CASE WHEN a.acknowledged_at IS NULL AND a.declined_at IS NULL THEN d.error ELSE 'answered' END
FROM due, onemap.alert a
WHERE d.id = due.id AND a.id = d.alert_id
