-- The grounds of a plan for a copy of it.
INSERT INTO onemap.plan_ground (plan_key, version, coverage)
SELECT c.key, g.version, g.coverage
FROM onemap.plan c JOIN onemap.plan_ground g ON g.plan_key = %(other)s AND g.version <= c.version
WHERE c.key = %(key)s
