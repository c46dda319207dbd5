-- Did one of these layers change inside a box since a snapshot was taken? And which snapshot is it now?
SELECT EXISTS (
  SELECT 1 FROM onemap.change_log
  WHERE layer = ANY(%(layers)s)
    AND xid >= pg_snapshot_xmin(%(snapshot)s::pg_snapshot)
    AND NOT pg_visible_in_snapshot(xid, %(snapshot)s::pg_snapshot)
    AND (west IS NULL OR (west <= %(east)s::float8 AND east >= %(west)s::float8
                          AND south <= %(north)s::float8 AND north >= %(south)s::float8))
) AS stale, pg_current_snapshot()::text AS snapshot
