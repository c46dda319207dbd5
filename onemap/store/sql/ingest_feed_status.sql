SELECT feed, last_at, last_source_at, received, stored, unchanged, duplicates, quarantined, error, error_at
FROM onemap.feed_state
