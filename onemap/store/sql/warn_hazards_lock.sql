-- One transaction at a time decides for a hazard point; in key order, so that nobody waits in a circle.
SELECT pg_advisory_xact_lock(hashtextextended('onemap.warning:' || key, 0))
FROM (SELECT unnest(%(hazards)s::text[]) AS key ORDER BY 1) AS wanted
