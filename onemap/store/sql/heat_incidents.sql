-- Incidents as they stand, by id: what each is to be counted as.
SELECT id, h3, coalesce(occurred_at, reported_at, sys_from) AS at, kind, code, source, severity
FROM onemap.incident
WHERE id = ANY(%(fids)s)
