-- Alerts of a warning that rang for nothing more: all their grids have an answer and the team itself has not answered.
SELECT a.id FROM onemap.alert a
WHERE a.warning_key = %(key)s AND a.origin = 'call' AND a.acknowledged_at IS NULL AND a.id <> %(alert)s
  AND NOT EXISTS (
    SELECT FROM onemap.call c JOIN onemap.calling g ON g.id = c.calling_id
    WHERE c.alert_id = a.id AND g.state IN ('waiting', 'calling', 'unanswered')
  )
ORDER BY a.id
