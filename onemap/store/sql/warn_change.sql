UPDATE onemap.warning
SET level = %(level)s, state = %(state)s, title = %(title)s, cause = %(cause)s, changed_at = %(at)s
WHERE key = %(key)s
