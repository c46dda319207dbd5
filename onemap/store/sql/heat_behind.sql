-- Is there a change of an incident that the rollup's follower has not passed yet? A consumer that never started is
-- behind everything.
SELECT EXISTS (
  SELECT 1 FROM onemap.change_log l,
       (SELECT coalesce(max(xid::text::bigint), 0)::text::xid8 AS xid, coalesce(max(seq), 0) AS seq
        FROM onemap.consumer WHERE name = %(consumer)s) AS c
  WHERE l.layer = 'incident' AND l.xid >= c.xid AND (l.xid, l.seq) > (c.xid, c.seq)
) AS behind
