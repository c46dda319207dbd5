-- How far the fences may read: what is before `head` is final; `cut` ends a batch that would grow too long.
SELECT h.head,
       (SELECT f.xid::text::bigint FROM onemap.fix f
        WHERE f.xid > %(after)s::text::xid8 AND f.xid <= h.head::text::xid8
        ORDER BY f.xid OFFSET %(limit)s LIMIT 1) AS cut,
       EXISTS (SELECT 1 FROM onemap.fix f
               WHERE f.xid > %(after)s::text::xid8 AND f.xid <= h.head::text::xid8) AS fixes
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 AS head) h
