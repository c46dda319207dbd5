-- Cameras in some boxes (four numbers each). Each column in one piece.
WITH near AS (
  SELECT DISTINCT p.id
  FROM generate_series(1, cardinality(%(boxes)s::float8[]), 4) AS n
  JOIN onemap.camera p ON p.geom && st_makeenvelope(
    (%(boxes)s::float8[])[n], (%(boxes)s::float8[])[n + 1], (%(boxes)s::float8[])[n + 2], (%(boxes)s::float8[])[n + 3],
    4326)
)
SELECT string_agg(int8send(f.id), ''::bytea) AS ids, string_agg(float8send(st_x(f.geom)) || float8send(st_y(f.geom)), ''::bytea) AS xy
FROM onemap.camera f JOIN near USING (id)
