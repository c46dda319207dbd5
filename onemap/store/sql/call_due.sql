-- Grids of a warning whose ladder has to move on by now.
SELECT id, grid_code, grid_name, community_code, street_code, district_code, level, state, second, rung, team_key,
       called, round, asked_at, due_at, answered_at, answered_by
FROM onemap.calling
WHERE warning_key = %(key)s AND due_at <= %(at)s
ORDER BY grid_code
