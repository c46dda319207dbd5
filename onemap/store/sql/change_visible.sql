-- Committed changes after a position that were not seen yet, final or not: `early` names, for transactions that
-- committed while an older one still ran, the last sequence that was seen of each. For readers who must not wait for
-- the older one and can bear to remember that much. A bulk load of layers they do not follow costs them a scan alone.
SELECT l.xid::text::bigint AS xid, l.seq, l.at, l.layer, l.op, l.fid, l.key, l.h3, l.west, l.south, l.east, l.north,
       l.note
FROM onemap.change_log l
WHERE (l.xid, l.seq) > (%(xid)s::text::xid8, %(seq)s)
  AND l.layer = ANY(%(layers)s)
  AND NOT EXISTS (
    SELECT 1 FROM unnest(%(early_xids)s::bigint[], %(early_seqs)s::bigint[]) AS e (xid, seq)
    WHERE e.xid = l.xid::text::bigint AND e.seq >= l.seq)
ORDER BY l.xid, l.seq
LIMIT %(limit)s
