SELECT key, hazard_key, level, state, title, cause, raised_at, changed_at, ended_at, end_reason
FROM onemap.warning WHERE key = %(key)s
FOR NO KEY UPDATE
