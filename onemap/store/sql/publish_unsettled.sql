-- Publications and roll-backs since which everybody who wrote at that time has ended: somebody may have asked for a grid
-- before the commit and written it after.
SELECT p.id
FROM onemap.edition_publication p
CROSS JOIN LATERAL (
  SELECT coalesce(p.rolled_back_at, p.published_at) + make_interval(secs => coalesce(p.seconds, 0) + 5) AS at
) AS done
WHERE p.settled_at IS NULL AND p.state IN ('published', 'rolled_back') AND done.at < %(now)s
  AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
                    AND a.xact_start < done.at)
ORDER BY p.id
