-- The first serial of a second that nobody else is about to take, locked until the transaction ends; nobody waits.
SELECT slot FROM generate_series(%(first)s::int, %(first)s::int + 999) AS slot
WHERE pg_try_advisory_xact_lock(hashtextextended('onemap.message:' || %(second)s, slot))
LIMIT 1
