-- Fixes of some transactions as one run of bytes, seven values of eight bytes each: row by row they would cost a client
-- ten times what they cost the server. Who is not known to say how well it knows its place says -1.
SELECT string_agg(
  int8send(f.mover_id) || int8send(f.xid::text::bigint) || timestamptz_send(f.at) || float8send(st_x(f.geom))
  || float8send(st_y(f.geom)) || float8send(st_z(f.geom)) || float8send(coalesce(f.accuracy_m, -1)), ''::bytea) AS fixes
FROM onemap.fix f
WHERE f.xid > %(after)s::text::xid8 AND f.xid <= %(upto)s::text::xid8
