-- Parts in some boxes (four numbers each), or of retired grids: removed ones keep the grid they were removed in.
-- Each column in one piece.
WITH near AS (
  SELECT DISTINCT p.id
  FROM generate_series(1, cardinality(%(boxes)s::float8[]), 4) AS n
  JOIN onemap.part p ON p.geom && st_makeenvelope(
    (%(boxes)s::float8[])[n], (%(boxes)s::float8[])[n + 1], (%(boxes)s::float8[])[n + 2], (%(boxes)s::float8[])[n + 3],
    4326)
  UNION
  SELECT r.id FROM onemap.part r WHERE cardinality(%(retired)s::text[]) > 0 AND r.grid_code = ANY(%(retired)s::text[])
)
SELECT string_agg(int8send(f.id), ''::bytea) AS ids, string_agg(float8send(st_x(f.geom)) || float8send(st_y(f.geom)), ''::bytea) AS xy,
       string_agg(coalesce(f.grid_code, ''), E'\n') AS named
FROM onemap.part f JOIN near USING (id)
WHERE f.status IS DISTINCT FROM 'removed'
