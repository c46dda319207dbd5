-- The teams that grids name: theirs is the duty where there is no roster.
SELECT DISTINCT ON (code) code, team_key FROM onemap.grid
WHERE code = ANY(%(codes)s) AND (valid_from IS NULL OR valid_from <= %(at)s) AND (valid_to IS NULL OR valid_to > %(at)s)
ORDER BY code, valid_from DESC NULLS LAST
