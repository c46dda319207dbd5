-- Some grids of a warning, as call_due gives them.
SELECT id, grid_code, grid_name, community_code, street_code, district_code, level, state, second, rung, team_key,
       called, round, asked_at, due_at, answered_at, answered_by
FROM onemap.calling
WHERE id = ANY(%(ids)s)
ORDER BY grid_code
