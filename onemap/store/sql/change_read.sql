-- Changes after a position, in an order that no late commit can break: only transactions older than every
-- running one are read, by (transaction, sequence). Ids alone would skip rows that commit late.
SELECT xid::text::bigint AS xid, seq, at, layer, op, fid, key, h3, west, south, east, north, note
FROM onemap.change_log
WHERE (xid, seq) > (%(xid)s::text::xid8, %(seq)s)
  AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, seq
LIMIT %(limit)s
