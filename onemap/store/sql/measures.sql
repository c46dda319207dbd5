-- Numbers for the metrics: seconds since each consumer of the change log moved, deliveries by state.
SELECT 'consumer' AS what, name, extract(epoch FROM now() - at)::float8 AS value FROM onemap.consumer
UNION ALL
SELECT 'delivery', state, count(*)::float8 FROM onemap.delivery GROUP BY state
