-- Drills, newest first, with the warnings they raised.
SELECT d.key, d.scenario, d.title_zh, d.title_en, d.state, d.started_at, d.started_by, d.ended_at, d.speed, d.length_s,
       d.note, d.score, coalesce(w.keys, '{}') AS warnings
FROM onemap.drill d
CROSS JOIN LATERAL (SELECT array_agg(key ORDER BY raised_at, key) AS keys FROM onemap.warning WHERE drill_key = d.key) AS w
WHERE %(key)s::text IS NULL OR d.key = %(key)s::text
ORDER BY d.started_at DESC, d.key DESC
LIMIT %(limit)s
