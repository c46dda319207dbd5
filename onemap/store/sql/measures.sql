-- Numbers for the metrics: seconds since each consumer of the change log moved; deliveries of the last 48 hours and all
-- that are not settled by channel kind and state; the age of the oldest that waits by kind; channels by how they are.
SELECT 'consumer' AS what, name, '' AS state, extract(epoch FROM now() - at)::float8 AS value FROM onemap.consumer
UNION ALL
SELECT 'delivery', kind, state, count(*)::float8 FROM onemap.delivery
WHERE created_at > now() - interval '48 hours' OR state IN ('queued', 'sending')
GROUP BY kind, state
UNION ALL
SELECT 'delivery_age', kind, '', coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM onemap.delivery
WHERE state IN ('queued', 'sending') GROUP BY kind
UNION ALL
SELECT 'delivery_dead', kind, '', count(*)::float8 FROM onemap.delivery WHERE state = 'dead' AND seen_at IS NULL
GROUP BY kind
UNION ALL
SELECT 'channel', kind, CASE WHEN NOT enabled THEN 'off' WHEN retry_at > now() AND failures >= 5 THEN 'open'
                             WHEN failures > 0 THEN 'failing' ELSE 'ok' END, count(*)::float8
FROM onemap.channel WHERE deleted_at IS NULL GROUP BY 2, 3
