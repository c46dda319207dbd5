-- Takes the turn of some datastreams: the first threshold of each is locked, in key order, so that two transactions
-- never wait for each other in a circle. That row also holds the newest reading taken of its datastream.
SELECT threshold_key, last_at, last_value
FROM onemap.threshold_state
WHERE threshold_key = ANY(%(firsts)s)
ORDER BY threshold_key
FOR UPDATE
