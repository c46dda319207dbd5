-- What need not go out any more: everything held, and what is queued for people. A queued webhook goes on: the system
-- behind it keeps a record, and a record has no gaps.
WITH waiting AS (
  SELECT id FROM onemap.delivery
  WHERE alert_id = ANY(%(ids)s) AND (state = 'held' OR (state = 'queued' AND kind <> 'webhook'))
  ORDER BY id FOR NO KEY UPDATE
)
UPDATE onemap.delivery d SET state = 'moot', error = %(why)s
FROM waiting WHERE d.id = waiting.id
