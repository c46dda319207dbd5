-- One warning with its zone, locked.
SELECT w.key, w.hazard_key, w.subject, w.kind, w.source, w.rule_key, w.level, w.state, w.title, w.cause, w.raised_at,
       w.changed_at, w.drill, coalesce(w.drill_key, '') AS drill_key, w.households, w.residents, w.onset_at,
       w.valid_until, w.actions, w.episode, w.identifier, st_asbinary(w.geom) AS wkb
FROM onemap.warning w
WHERE w.key = %(key)s
FOR NO KEY UPDATE
