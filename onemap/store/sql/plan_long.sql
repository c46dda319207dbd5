-- The plan whose log runs furthest beyond its newest ground, if by so many versions.
SELECT p.key, p.version
FROM onemap.plan p
CROSS JOIN LATERAL (SELECT max(g.version) AS version FROM onemap.plan_ground g WHERE g.plan_key = p.key) ground
WHERE p.state = 'draft' AND p.version - ground.version >= %(every)s
ORDER BY p.version - ground.version DESC
LIMIT 1
