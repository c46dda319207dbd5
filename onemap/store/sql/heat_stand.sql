-- Under which snapshot a follower reads, by which epoch, and whether changes since its last snapshot are all there.
SELECT pg_current_snapshot()::text AS snapshot, s.epoch,
       s.floor <= pg_snapshot_xmin(%(snapshot)s::pg_snapshot) AS whole
FROM (SELECT coalesce(max(epoch), 0) AS epoch, coalesce(max(floor::text::bigint), 0)::text::xid8 AS floor
      FROM onemap.heat_state WHERE surface = %(surface)s) AS s
