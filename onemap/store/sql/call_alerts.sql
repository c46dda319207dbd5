-- The alerts that calls go out with, locked in order of id.
SELECT id, team_key, acknowledged_at, acknowledged_by
FROM onemap.alert WHERE id = ANY(%(ids)s)
ORDER BY id
FOR NO KEY UPDATE
