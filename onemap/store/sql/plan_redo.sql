-- The edit of a planner that was undone last, as long as the planner has made no new one since.
SELECT e.version, e.text_zh, e.text_en, e.undone AS applied
FROM onemap.plan_edit e
WHERE e.plan_key = %(key)s AND e.by = %(by)s AND e.undone IS NOT NULL
  AND e.undone > coalesce((SELECT max(n.version) FROM onemap.plan_edit n
                           WHERE n.plan_key = e.plan_key AND n.by = e.by AND n.kind IN ('edit', 'adopt', 'merge')), 0)
ORDER BY e.undone DESC
LIMIT 1
