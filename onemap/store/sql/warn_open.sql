-- The open warnings of some hazard points, locked.
SELECT key, hazard_key, level, state, title, cause, raised_at, changed_at, drill, households, residents
FROM onemap.warning
WHERE hazard_key = ANY(%(hazards)s) AND state IN ('active', 'confirmed')
ORDER BY key
FOR UPDATE
