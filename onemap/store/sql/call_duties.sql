-- Duties of some organisations that are in force or still to come.
SELECT id, org_code, team_key, rank, kind, weekdays, hours, starts_at, ends_at
FROM onemap.duty
WHERE org_code = ANY(%(codes)s) AND (kind = 'weekly' OR ends_at > %(at)s)
ORDER BY org_code, kind, rank, id
