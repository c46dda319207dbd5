-- The states of some thresholds, locked in key order so that two transactions never wait for each other in a circle.
SELECT threshold_key, last_at, last_value, since, raised
FROM onemap.threshold_state
WHERE threshold_key = ANY(%(keys)s)
ORDER BY threshold_key
FOR UPDATE
