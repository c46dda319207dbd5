-- What an alert says of its warning.
SELECT level, title, cause, households, residents, actions, coalesce(drill, false) AS drill
FROM onemap.warning WHERE key = %(key)s
