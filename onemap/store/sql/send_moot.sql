-- What need not go out any more: everything held, and what is queued for people. A queued webhook goes on: the system
-- behind it keeps a record, and a record has no gaps.
UPDATE onemap.delivery SET state = 'moot', error = %(why)s
WHERE alert_id = ANY(%(ids)s) AND (state = 'held' OR (state = 'queued' AND kind <> 'webhook'))
