-- A heat tile out of cells given as arrays: outlines (web mercator WKB), values, ranks. Clipped to the tile's buffer.
SELECT st_asmvt(t, %(layer)s, 4096, 'geom') AS mvt, pg_current_snapshot()::text AS snapshot
FROM (
  SELECT st_asmvtgeom(st_geomfromwkb(c.shape, 3857),
                      (SELECT st_tileenvelope(%(z)s::int, %(x)s::int, %(y)s::int)), 4096, 64) AS geom,
         to_hex(c.cell) AS cell, c.value, c.rank
  FROM unnest(%(cells)s::bigint[], %(shapes)s::bytea[], %(values)s::float8[], %(ranks)s::float8[])
       AS c (cell, shape, value, rank)
) AS t
