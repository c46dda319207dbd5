-- How the endpoints of lanes are now; `done` lanes are let go, the others stay held.
UPDATE onemap.channel c
SET failures = CASE WHEN l.ok THEN 0 ELSE c.failures END + l.failed,
    last_ok_at = CASE WHEN l.ok THEN now() ELSE c.last_ok_at END,
    last_error = coalesce(l.error, c.last_error),
    retry_at = CASE WHEN l.failed > 0 THEN now() + make_interval(secs => l.wait_s) WHEN l.ok THEN NULL ELSE c.retry_at END,
    holder = CASE WHEN l.done THEN NULL ELSE c.holder END,
    leased_until = CASE WHEN l.done THEN NULL ELSE c.leased_until END
FROM unnest(%(ids)s::bigint[], %(oks)s::bool[], %(faileds)s::int[], %(waits)s::float8[], %(errors)s::text[],
            %(dones)s::bool[]) AS l (id, ok, failed, wait_s, error, done)
WHERE c.id = l.id AND c.holder = %(holder)s
