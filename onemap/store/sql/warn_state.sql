UPDATE onemap.warning
SET state = %(state)s, changed_at = %(at)s, ended_at = CASE WHEN %(state)s = 'ended' THEN %(at)s::timestamptz END,
    end_reason = %(reason)s
WHERE key = %(key)s
