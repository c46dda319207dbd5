-- Cancel a question that waits or runs.
UPDATE onemap.proposal SET state = 'cancelled', ended_at = clock_timestamp()
WHERE id = %(id)s AND plan_key = %(key)s AND state IN ('queued', 'running')
RETURNING id, version
