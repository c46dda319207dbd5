UPDATE onemap.threshold_state s
SET last_at = n.last_at, last_value = n.last_value, since = n.since, raised = n.raised
FROM unnest(%(keys)s::text[], %(last_at)s::timestamptz[], %(last_value)s::float8[], %(since)s::timestamptz[],
            %(raised)s::bool[]) AS n (key, last_at, last_value, since, raised)
WHERE s.threshold_key = n.key
