-- A question for the worker, unless the plan has enough of them waiting.
INSERT INTO onemap.proposal (plan_key, version, asked, seconds_asked, asked_by)
SELECT %(key)s, %(version)s, %(asked)s, %(seconds)s, %(by)s
WHERE (SELECT count(*) FROM onemap.proposal WHERE plan_key = %(key)s AND state IN ('queued', 'running')) < %(most)s
RETURNING id
