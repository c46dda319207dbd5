-- The counters of a feed: one hot row, so this is the last statement of its transaction.
INSERT INTO onemap.feed_state AS f
  (feed, last_at, last_source_at, received, stored, unchanged, duplicates, quarantined)
VALUES (%(feed)s, clock_timestamp(), %(source_at)s, %(received)s, %(stored)s, %(unchanged)s, %(duplicates)s,
        %(quarantined)s)
ON CONFLICT (feed) DO UPDATE
SET last_at = excluded.last_at, last_source_at = greatest(f.last_source_at, excluded.last_source_at),
    received = f.received + excluded.received, stored = f.stored + excluded.stored,
    unchanged = f.unchanged + excluded.unchanged, duplicates = f.duplicates + excluded.duplicates,
    quarantined = f.quarantined + excluded.quarantined, error = NULL
