-- Open cases in some boxes (four numbers each), or of retired grids: closed ones keep the grid they were closed in.
SELECT array_agg(f.id) AS ids, array_agg(st_asbinary(f.geom)) AS wkb, array_agg(f.grid_code) AS named
FROM onemap.incident f
WHERE f.id IN (
  SELECT p.id
  FROM generate_series(1, cardinality(%(boxes)s::float8[]), 4) AS n
  JOIN onemap.incident p ON p.geom && st_makeenvelope(
    (%(boxes)s::float8[])[n], (%(boxes)s::float8[])[n + 1], (%(boxes)s::float8[])[n + 2], (%(boxes)s::float8[])[n + 3],
    4326)
  UNION SELECT r.id FROM onemap.incident r WHERE r.grid_code = ANY(%(retired)s::text[])
) AND f.status IS DISTINCT FROM 'closed'
