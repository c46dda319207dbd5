-- Buildings in some boxes (four numbers each), or of retired grids, with who lives in them.
SELECT array_agg(f.id) AS ids, array_agg(st_asbinary(f.geom)) AS wkb, array_agg(f.grid_code) AS named,
       array_agg(coalesce(f.households, 0)::float8) AS households, array_agg(coalesce(f.residents, 0)::float8) AS residents
FROM onemap.building f
WHERE f.id IN (
  SELECT p.id
  FROM generate_series(1, cardinality(%(boxes)s::float8[]), 4) AS n
  JOIN onemap.building p ON p.geom && st_makeenvelope(
    (%(boxes)s::float8[])[n], (%(boxes)s::float8[])[n + 1], (%(boxes)s::float8[])[n + 2], (%(boxes)s::float8[])[n + 3],
    4326)
  UNION SELECT r.id FROM onemap.building r WHERE r.grid_code = ANY(%(retired)s::text[])
)
