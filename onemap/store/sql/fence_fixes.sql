-- Fixes of some transactions; who is not known to say how well it knows its place says -1.
SELECT f.mover_id, f.xid::text::bigint, f.at, st_x(f.geom), st_y(f.geom), st_z(f.geom),
       coalesce(f.accuracy_m, -1)::float8
FROM onemap.fix f
WHERE f.xid > {after}::text::xid8 AND f.xid <= {upto}::text::xid8
