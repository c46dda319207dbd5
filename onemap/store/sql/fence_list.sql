-- Declared fences with their ground, by name; one of them where a key is given. A moving fence stands where its mover
-- stands: its circle is drawn around it by who asked.
SELECT g.id, g.key, g.name, g.kind, g.team_key, g.spec, g.problem, g.sys_from AS changed_at, g.changed_by,
       st_asbinary(g.geom) AS wkb, st_area(g.geom::geography) AS area_m2,
       (SELECT count(*) FROM onemap.fence_state s WHERE s.fence_id = g.id AND (s.state >= 2 OR s.state IN (-3, -4)))::int AS inside,
       st_asbinary(m.geom) AS centre
FROM onemap.geofence g
LEFT JOIN onemap.mover m ON g.spec->'source'->>'type' = 'mover' AND m.key = g.spec->'source'->>'key'
WHERE g.spec IS NOT NULL
  AND (%(key)s::text IS NULL OR g.key = %(key)s)
  AND (%(area)s::bytea IS NULL OR st_intersects(g.geom, st_geomfromwkb(%(area)s, 4326)))
ORDER BY g.name, g.key
LIMIT %(limit)s
