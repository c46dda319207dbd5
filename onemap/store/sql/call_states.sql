-- How a warning's grids stand together.
SELECT state, count(*)::int AS grids, sum(residents)::int AS residents,
       count(*) FILTER (WHERE second_at IS NULL)::int AS once
FROM onemap.calling WHERE warning_key = %(key)s
GROUP BY state
