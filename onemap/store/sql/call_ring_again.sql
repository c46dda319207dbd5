-- Deliveries that rested because somebody else had answered ring again with their alert, by channels still in use. The
-- live page has its alert already where it was delivered.
UPDATE onemap.delivery d
SET state = 'queued', next_at = now(), give_up_at = now() + interval '48 hours', error = NULL
FROM onemap.channel c, onemap.alert a
WHERE d.alert_id = ANY(%(ids)s) AND d.state = 'moot' AND c.id = d.channel_id AND c.deleted_at IS NULL
  AND a.id = d.alert_id AND (d.kind <> 'live' OR a.delivered_at IS NULL)
