-- The teams that grids name: theirs is the duty where there is no roster. A grid that was retired while it was being
-- called keeps the team it named last.
SELECT DISTINCT ON (g.code) g.code, g.team_key
FROM onemap.grid g LEFT JOIN onemap.grid_in_force f ON f.id = g.id
WHERE g.code = ANY(%(codes)s)
ORDER BY g.code, (f.id IS NOT NULL) DESC, g.valid_to DESC NULLS FIRST, g.valid_from DESC NULLS LAST
