-- Grids that an alert was called for, at the level that is asked of them now.
SELECT DISTINCT ON (g.id) g.id, g.warning_key, g.grid_name, g.state, g.second, g.called, g.round, g.due_at, g.answered_at,
       g.second_due_at, c.rung, c.team_key, g.asked_at
FROM onemap.call c JOIN onemap.calling g ON g.id = c.calling_id
WHERE c.alert_id = %(alert)s AND c.level = g.level AND g.state <> 'closed'
ORDER BY g.id, c.id DESC
