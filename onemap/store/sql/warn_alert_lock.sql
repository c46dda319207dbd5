SELECT a.id, a.warning_key, a.team_key, coalesce(t.name, a.team_key) AS team_name, a.state, a.delivered_at,
       a.acknowledged_at, a.arrived_at, a.resolved_at, a.declined_at
FROM onemap.alert a LEFT JOIN onemap.team t ON t.key = a.team_key
WHERE a.id = %(id)s
FOR NO KEY UPDATE OF a
