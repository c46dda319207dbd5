-- The newest position that is safe to start reading after: everything before it is committed and final.
SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1) AS xid, 9223372036854775807::bigint AS seq
