-- Open warnings with their zones, worst first.
SELECT w.key, w.subject, w.kind, w.source, w.level, w.state, w.title, w.identifier, w.episode, w.raised_at, w.changed_at,
       w.onset_at, w.valid_until, w.actions, coalesce(w.drill, false) AS drill, w.households, w.residents,
       st_asgeojson(w.geom, 6)::json AS geometry
FROM onemap.warning w
WHERE w.state <> 'ended'
ORDER BY w.level, w.changed_at DESC, w.key
LIMIT 2000
