-- A warning's turn: whoever moves its ladder holds this row first, then alerts, so that nobody waits in a circle.
SELECT key, level, state, kind, title, onset_at, coalesce(drill, false) AS drill, calling, residents_waiting
FROM onemap.warning WHERE key = %(key)s
FOR NO KEY UPDATE
