INSERT INTO onemap.feed_state (feed, error, error_at)
VALUES (%(feed)s, %(error)s, CASE WHEN %(error)s::text IS NOT NULL THEN now() END)
ON CONFLICT (feed) DO UPDATE
SET error = excluded.error, error_at = coalesce(excluded.error_at, feed_state.error_at)
