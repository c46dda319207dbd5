-- Calls of an organisation that run with a team, and grids that it answered for there: what a hand-over takes along.
SELECT g.id, g.warning_key, g.grid_name, g.state, g.level, g.round, g.called, c.id AS call_id, c.rung, c.rank
FROM onemap.call c JOIN onemap.calling g ON g.id = c.calling_id
WHERE c.org_code = %(org)s AND c.team_key = %(team)s AND c.level = g.level
  AND (c.state = 'calling' AND g.state IN ('calling', 'unanswered') AND g.team_key = c.team_key
       OR c.state = 'answered' AND g.state IN ('answered', 'confirmed') AND g.team_key = c.team_key)
ORDER BY g.warning_key, g.grid_code, c.id
