-- States that are more than "nothing": raised, or waiting for their holding time. Asked after the lock is held, in a
-- statement of its own, so that it sees what the transaction before us committed.
SELECT threshold_key, last_at, last_value, since, raised
FROM onemap.threshold_state
WHERE threshold_key = ANY(%(keys)s) AND (raised OR since IS NOT NULL)
