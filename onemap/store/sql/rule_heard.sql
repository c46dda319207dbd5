-- When feeds were heard of: each minute kept, each raw record's minute, and the last time of all.
SELECT feed, minute AS at FROM onemap.feed_heard
WHERE feed = ANY(%(feeds)s) AND minute > %(from)s AND minute <= %(to)s
UNION
SELECT feed, date_trunc('minute', received_at) FROM onemap.raw_record
WHERE %(deep)s AND feed = ANY(%(feeds)s) AND received_at > %(from)s AND received_at <= %(to)s
UNION
SELECT feed, last_at FROM onemap.feed_state WHERE feed = ANY(%(feeds)s) AND last_at <= %(to)s
ORDER BY feed, at
