-- What a reader who resumes after a position needs to know: how many changes wait for it (counted no further than
-- needed), whether the log still holds that place or has dropped the days around it, and whether it lies ahead.
SELECT (SELECT count(*) FROM (SELECT 1 FROM onemap.change_log
                              WHERE (xid, seq) > (%(xid)s::text::xid8, %(seq)s) AND layer = ANY(%(layers)s)
                              LIMIT %(limit)s) AS waiting) AS waiting,
       EXISTS (SELECT 1 FROM onemap.change_log WHERE (xid, seq) <= (%(xid)s::text::xid8, %(seq)s)) AS held,
       %(xid)s::text::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) AS ahead
