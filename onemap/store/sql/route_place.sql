-- Named places in some boxes (four numbers each).
SELECT array_agg(f.id) AS ids, array_agg(st_asbinary(f.geom)) AS wkb
FROM onemap.place f
WHERE f.id IN (
  SELECT p.id
  FROM generate_series(1, cardinality(%(boxes)s::float8[]), 4) AS n
  JOIN onemap.place p ON p.geom && st_makeenvelope(
    (%(boxes)s::float8[])[n], (%(boxes)s::float8[])[n + 1], (%(boxes)s::float8[])[n + 2], (%(boxes)s::float8[])[n + 3],
    4326)
)
