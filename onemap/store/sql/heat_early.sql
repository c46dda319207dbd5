-- Incidents changed after a position by transactions that have committed, final in the log's order or not.
SELECT DISTINCT fid FROM onemap.change_log
WHERE layer = 'incident' AND fid IS NOT NULL
  AND xid >= %(xid)s::text::xid8 AND (xid, seq) > (%(xid)s::text::xid8, %(seq)s)
ORDER BY fid
