-- The ways out of new alerts: the live stream, and every enabled webhook of the team or of all teams.
INSERT INTO onemap.delivery (alert_id, channel, webhook_id, idempotency_key)
SELECT a.id, 'live', NULL, format('alert-%%s-live', a.id) FROM onemap.alert a WHERE a.id = ANY(%(ids)s)
UNION ALL
SELECT a.id, 'webhook', h.id, format('alert-%%s-webhook-%%s', a.id, h.id)
FROM onemap.alert a JOIN onemap.webhook h ON h.enabled AND coalesce(h.team_key, a.team_key) = a.team_key
WHERE a.id = ANY(%(ids)s)
ON CONFLICT (idempotency_key) DO NOTHING
