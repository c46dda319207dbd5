-- What happened at fences in a time, of some kinds; none: all.
SELECT fence_key, at, lon, lat FROM onemap.fence_event
WHERE at > %(from)s AND at <= %(to)s AND (cardinality(%(kinds)s::text[]) = 0 OR kind = ANY(%(kinds)s))
ORDER BY at
LIMIT %(limit)s
