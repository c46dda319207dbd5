-- Changes of what is counted that became visible since a snapshot, whatever their number: late commits too.
SELECT fid, cell, hour, category, source, severity, n
FROM onemap.heat_change
WHERE surface = %(surface)s
  AND xid >= pg_snapshot_xmin(%(snapshot)s::pg_snapshot)
  AND NOT pg_visible_in_snapshot(xid, %(snapshot)s::pg_snapshot)
ORDER BY xid, seq
