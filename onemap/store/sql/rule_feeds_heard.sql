-- Keeps the minute in which each feed was last heard of, for rules tried against the past.
INSERT INTO onemap.feed_heard (feed, minute)
SELECT feed, date_trunc('minute', last_at) FROM onemap.feed_state WHERE last_at IS NOT NULL
ON CONFLICT DO NOTHING
