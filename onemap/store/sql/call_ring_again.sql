-- Deliveries that rested because somebody else had answered ring again with their alert, by channels still in use.
UPDATE onemap.delivery d
SET state = 'queued', next_at = now(), give_up_at = now() + interval '48 hours', error = NULL
FROM onemap.channel c
WHERE d.alert_id = ANY(%(ids)s) AND d.state = 'moot' AND c.id = d.channel_id AND c.deleted_at IS NULL
