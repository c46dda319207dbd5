-- Deliveries whose 48 hours have passed while they waited.
SELECT id, coalesce(error, 'Nobody took it in 48 hours.') AS error FROM onemap.delivery
WHERE state = 'queued' AND give_up_at <= now() ORDER BY id LIMIT 1000
