-- Grids of open ladders, or of one warning's whatever its state, loudest first.
SELECT g.id, g.warning_key, g.grid_code, g.grid_name, g.state, g.rung, g.team_key, t.name AS team_name, g.called_at,
       CASE WHEN g.state IN ('calling', 'unanswered') AND g.rung IS NOT NULL THEN g.due_at END AS deadline_at,
       g.answered_at, g.answered_by, g.second_due_at, g.second_at, g.report_due_at, g.households, g.residents,
       w.level, coalesce(w.drill, false) AS drill
FROM onemap.calling g
JOIN onemap.warning w ON w.key = g.warning_key
LEFT JOIN onemap.team t ON t.key = g.team_key
WHERE (%(key)s::text IS NULL AND g.state <> 'closed' OR g.warning_key = %(key)s::text)
  AND (%(keys)s::text[] IS NULL OR g.warning_key = ANY(%(keys)s::text[]))
ORDER BY array_position(ARRAY['unanswered', 'calling', 'waiting', 'answered', 'confirmed', 'closed'], g.state),
         w.level, g.due_at NULLS LAST, g.grid_code
LIMIT %(limit)s
