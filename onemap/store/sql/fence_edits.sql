-- Edits of some transactions that matter to fences, in the log's order. Movers move all the time: only new and gone
-- ones are told.
SELECT l.xid::text::bigint AS xid, l.at, l.layer, l.op, l.fid, l.key
FROM onemap.change_log l
WHERE l.xid > %(after)s::text::xid8 AND l.xid <= %(upto)s::text::xid8
  AND l.fid IS NOT NULL AND (l.layer = ANY(%(layers)s) OR (l.layer = 'mover' AND l.op IN ('I', 'D')))
ORDER BY l.xid, l.seq
