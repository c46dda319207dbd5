-- Duty areas of some teams that are drawn, not declared.
SELECT key, team_key, st_asbinary(geom) AS wkb
FROM onemap.geofence
WHERE spec IS NULL AND kind = 'duty' AND team_key = ANY(%(teams)s)
ORDER BY key
