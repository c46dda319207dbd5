-- Dead letters: what is known of each, for the timeline and for those who are told.
WITH gone AS (
  UPDATE onemap.delivery SET state = 'dead', error = e.error, seen_at = NULL
  FROM unnest(%(ids)s::bigint[], %(errors)s::text[]) AS e (id, error)
  WHERE delivery.id = e.id AND delivery.state NOT IN ('dead', 'received')
  RETURNING delivery.id, delivery.alert_id, delivery.channel_id, delivery.kind, delivery.error
)
SELECT g.*, a.warning_key, a.team_key, a.level, a.drill, coalesce(t.name, a.team_key) AS team_name,
       st_x(spot.geom) AS lon, st_y(spot.geom) AS lat
FROM gone g
JOIN onemap.alert a ON a.id = g.alert_id
LEFT JOIN onemap.team t ON t.key = a.team_key
LEFT JOIN onemap.warning w ON w.key = a.warning_key
LEFT JOIN onemap.hazard h ON h.key = w.hazard_key
CROSS JOIN LATERAL (SELECT coalesce(h.geom, st_pointonsurface(w.geom)) AS geom) AS spot
ORDER BY g.id
