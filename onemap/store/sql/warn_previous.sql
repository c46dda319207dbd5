SELECT p.key, p.level, p.raised_at, p.ended_at, p.title
FROM onemap.warning w
JOIN onemap.warning p ON p.hazard_key = w.hazard_key AND p.key <> w.key AND p.raised_at < w.raised_at
 AND coalesce(p.drill, false) = coalesce(w.drill, false)  -- an exercise says nothing of what was done last time
WHERE w.key = %(key)s
ORDER BY p.raised_at DESC
LIMIT 10
