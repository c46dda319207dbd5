-- Warnings whose ladder has something to do by now, the longest due first.
SELECT warning_key, min(at) AS at FROM (
  SELECT warning_key, auto_start_at AS at FROM onemap.ladder
  WHERE started_at IS NULL AND closed_at IS NULL AND auto_start_at <= %(at)s
  UNION ALL
  SELECT warning_key, due_at FROM onemap.calling WHERE due_at <= %(at)s
  UNION ALL
  SELECT warning_key, remind_at FROM onemap.calling WHERE remind_at <= %(at)s
) AS due
GROUP BY warning_key
ORDER BY 2, 1
LIMIT %(limit)s
