-- Deliveries that rested because somebody else had answered ring again with their alert.
UPDATE onemap.delivery SET state = 'queued', next_at = now(), error = NULL
WHERE alert_id = ANY(%(ids)s) AND state = 'moot'
