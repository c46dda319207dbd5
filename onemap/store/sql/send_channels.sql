-- Channels in use with how each is: what waits, since when, and the dead letters that nobody has seen.
SELECT c.id, c.team_key, t.name AS team_name, c.kind, c.title, c.url, c.rank, c.wait_s, c.worst_level, c.hours,
       c.enabled, c.failures, c.retry_at, c.last_ok_at, c.last_error,
       coalesce(n.queued, 0) AS queued, n.oldest_queued_at, coalesce(n.dead, 0) AS dead,
       (c.retry_at > now()) IS TRUE AS waiting
FROM onemap.channel c
LEFT JOIN onemap.team t ON t.key = c.team_key
LEFT JOIN (
  SELECT channel_id, count(*) FILTER (WHERE state <> 'dead') AS queued,
         min(created_at) FILTER (WHERE state <> 'dead') AS oldest_queued_at, count(*) FILTER (WHERE state = 'dead') AS dead
  FROM onemap.delivery
  WHERE state IN ('queued', 'sending') OR (state = 'dead' AND seen_at IS NULL)
  GROUP BY channel_id
) n ON n.channel_id = c.id
WHERE c.deleted_at IS NULL AND (%(id)s::bigint IS NULL OR c.id = %(id)s)
ORDER BY c.team_key NULLS FIRST, c.rank, c.id
