-- What the open health door tells: how long ago the worker last moved, and whether this is a demo's data.
SELECT (SELECT extract(epoch FROM now() - at)::float8 FROM onemap.consumer WHERE name = 'worker') AS worker_age_s,
       coalesce((SELECT demo FROM onemap.city LIMIT 1), false) AS demo
