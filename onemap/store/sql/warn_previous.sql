SELECT p.key, p.level, p.raised_at, p.ended_at, p.title
FROM onemap.warning w
JOIN onemap.warning p ON p.hazard_key = w.hazard_key AND p.key <> w.key AND p.raised_at < w.raised_at
WHERE w.key = %(key)s
ORDER BY p.raised_at DESC
LIMIT 10
