-- Warnings, worst and newest first, each with how its alerts stand.
SELECT w.key, w.hazard_key, w.subject, w.kind, w.source, w.rule_key, w.level, w.state, w.title, w.raised_at, w.changed_at, w.ended_at,
       w.end_reason, w.onset_at, w.valid_until, w.actions, w.episode, w.identifier, w.calling, w.residents_waiting,
       w.drill_key, coalesce(w.drill, false) AS drill, w.households, w.residents, w.cause,
       st_x(spot.geom) AS lon, st_y(spot.geom) AS lat, a.total, a.delivered, a.acknowledged, a.arrived, a.resolved
FROM onemap.warning w
LEFT JOIN onemap.hazard h ON h.key = w.hazard_key
CROSS JOIN LATERAL (SELECT coalesce(h.geom, st_pointonsurface(w.geom)) AS geom) AS spot
CROSS JOIN LATERAL (
  SELECT count(*) AS total, count(delivered_at) AS delivered, count(acknowledged_at) AS acknowledged,
         count(arrived_at) AS arrived, count(resolved_at) AS resolved
  FROM onemap.alert WHERE warning_key = w.key
) AS a
WHERE (%(key)s::text IS NULL OR w.key = %(key)s::text) AND (%(all)s OR w.state IN ('active', 'confirmed'))
ORDER BY (w.state = 'ended'), w.level, w.changed_at DESC, w.key
LIMIT %(limit)s
