-- One transaction at a time decides for a subject; in key order, so that nobody waits in a circle.
SELECT pg_advisory_xact_lock(hashtextextended('onemap.warning:' || key, 0))
FROM (SELECT DISTINCT unnest(%(keys)s::text[]) AS key ORDER BY 1) AS wanted
