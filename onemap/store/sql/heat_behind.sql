-- Is there a change of an incident that the counting follower has not passed yet (one that never started is behind
-- everything)? And was anything counted since a snapshot, or all of it anew?
SELECT EXISTS (
  SELECT 1 FROM onemap.change_log l,
       (SELECT coalesce(max(xid::text::bigint), 0)::text::xid8 AS xid, coalesce(max(seq), 0) AS seq
        FROM onemap.consumer WHERE name = %(consumer)s) AS c
  WHERE l.layer = 'incident' AND l.xid >= c.xid AND (l.xid, l.seq) > (c.xid, c.seq)
) AS behind,
EXISTS (
  SELECT 1 FROM onemap.heat_change h
  WHERE h.surface = %(surface)s AND h.xid >= pg_snapshot_xmin(%(snapshot)s::pg_snapshot)
    AND NOT pg_visible_in_snapshot(h.xid, %(snapshot)s::pg_snapshot)
) OR (SELECT coalesce(max(epoch), 0) FROM onemap.heat_state WHERE surface = %(surface)s) <> %(epoch)s AS counted
