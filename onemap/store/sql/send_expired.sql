-- Deliveries whose 48 hours have passed while they waited: some to look at, or those of one warning, locked.
SELECT d.id, a.warning_key, coalesce(d.error, 'Nobody took it in 48 hours.') AS error
FROM onemap.delivery d JOIN onemap.alert a ON a.id = d.alert_id
WHERE d.state = 'queued' AND d.give_up_at <= now() ORDER BY d.id LIMIT 1000
