-- What was held and whose wait has passed: queued, where nobody has answered; else no longer needed. Who rings for a second
-- confirmation asks somebody who has answered once.
WITH due AS (
  SELECT id FROM onemap.delivery WHERE state = 'held' AND next_at <= now() ORDER BY id LIMIT 1000
  FOR NO KEY UPDATE SKIP LOCKED
),
said AS (
  SELECT d.id, a.declined_at IS NOT NULL OR (a.acknowledged_at IS NOT NULL
    AND NOT (d.ring > 1 AND a.second_due_at IS NOT NULL AND a.second_at IS NULL)) AS answered
  FROM due JOIN onemap.delivery d USING (id) JOIN onemap.alert a ON a.id = d.alert_id
)
UPDATE onemap.delivery d
SET state = CASE WHEN said.answered THEN 'moot' ELSE 'queued' END,
    error = CASE WHEN said.answered THEN 'answered' ELSE d.error END
FROM said WHERE d.id = said.id
