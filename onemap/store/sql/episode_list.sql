-- Open warnings by episode, worst first; one that belongs to none is an episode of its own.
SELECT coalesce(w.episode, w.key) AS key, w.key AS warning, w.kind, w.title, w.level, w.state, w.subject,
       coalesce(w.drill, false) AS drill, w.raised_at, w.changed_at, w.households, w.residents, w.calling,
       st_xmin(w.geom) AS west, st_ymin(w.geom) AS south, st_xmax(w.geom) AS east, st_ymax(w.geom) AS north
FROM onemap.warning w
WHERE w.state <> 'ended'
ORDER BY w.level, w.changed_at DESC, w.key
LIMIT 5000
