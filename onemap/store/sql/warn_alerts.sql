-- Alerts as the doors give them: newest first, optionally of some ids, a team, a state, a warning. Notices are letters,
-- not alerts: only who asks for them by id gets them.
SELECT a.id, a.warning_key, a.team_key, coalesce(t.name, a.team_key) AS team_name, a.level, a.title, a.text, a.state,
       a.created_at, a.delivered_at, a.acknowledged_at, a.arrived_at, a.resolved_at,
       a.due_on_site_at, a.due_resolved_at, a.due_followup_at,
       a.declined_at, a.answer_due_at, a.second_due_at, a.second_at, a.report_due_at,
       w.state AS warning_state, coalesce(w.drill, false) AS drill, st_x(spot.geom) AS lon, st_y(spot.geom) AS lat
FROM onemap.alert a
LEFT JOIN onemap.team t ON t.key = a.team_key
LEFT JOIN onemap.warning w ON w.key = a.warning_key
LEFT JOIN onemap.hazard h ON h.key = w.hazard_key
CROSS JOIN LATERAL (SELECT coalesce(h.geom, st_pointonsurface(w.geom)) AS geom) AS spot
WHERE (%(ids)s::bigint[] IS NULL AND a.origin <> 'notice' OR a.id = ANY(%(ids)s::bigint[]))
  AND (%(team)s::text IS NULL OR a.team_key = %(team)s::text)
  AND (%(state)s::text IS NULL OR a.state = %(state)s::text)
  AND (%(warning)s::text IS NULL OR a.warning_key = %(warning)s::text)
ORDER BY a.created_at DESC, a.id DESC
LIMIT %(limit)s
