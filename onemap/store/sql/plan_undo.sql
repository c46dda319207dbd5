-- The newest edit of a planner that counts: what an undo undoes, by the row that last put it in force.
SELECT e.version, e.text_zh, e.text_en,
       coalesce((SELECT max(r.version) FROM onemap.plan_edit r
                 WHERE r.plan_key = e.plan_key AND r.kind = 'redo' AND r.of = e.version), e.version) AS applied
FROM onemap.plan_edit e
WHERE e.plan_key = %(key)s AND e.by = %(by)s AND e.counts AND e.kind IN ('edit', 'adopt', 'merge') AND e.delta IS NOT NULL
ORDER BY e.version DESC
LIMIT 1
