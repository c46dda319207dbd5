-- The event of an absence: of a mover, or of a team by its name.
INSERT INTO onemap.fence_event (fence_id, fence_key, fence_name, mover_id, mover_key, mover_name, kind, at, value)
SELECT g.id, g.key, coalesce(g.name, ''), m.id, m.key, coalesce(m.name, t.name, %(mover)s, %(team)s),
       'absent_when_due', %(told)s, %(grace)s
FROM onemap.geofence g
LEFT JOIN onemap.mover m ON m.key = %(mover)s::text
LEFT JOIN onemap.team t ON t.key = %(team)s::text
WHERE g.id = %(fence)s
RETURNING id
