-- Proposals of a plan (or one of them), newest first, without their options.
SELECT id, plan_key AS plan, version, state, progress, asked, asked_by, asked_at,
       extract(epoch FROM coalesce(ended_at, clock_timestamp()) - started_at)::float8 AS seconds,
       error_zh, error_en, units, today
FROM onemap.proposal
WHERE plan_key = %(key)s AND (%(id)s::bigint IS NULL OR id = %(id)s)
ORDER BY id DESC
LIMIT %(limit)s
