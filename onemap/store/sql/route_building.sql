-- Buildings in some boxes (four numbers each), or of retired grids, with who lives in them. Each column in one piece.
WITH near AS (
  SELECT DISTINCT p.id
  FROM generate_series(1, cardinality(%(boxes)s::float8[]), 4) AS n
  JOIN onemap.building p ON p.geom && st_makeenvelope(
    (%(boxes)s::float8[])[n], (%(boxes)s::float8[])[n + 1], (%(boxes)s::float8[])[n + 2], (%(boxes)s::float8[])[n + 3],
    4326)
  UNION
  SELECT r.id FROM onemap.building r WHERE cardinality(%(retired)s::text[]) > 0 AND r.grid_code = ANY(%(retired)s::text[])
)
SELECT string_agg(int8send(f.id), ''::bytea) AS ids, string_agg(f.wkb, ''::bytea) AS wkb,
       string_agg(int4send(octet_length(f.wkb)), ''::bytea) AS lengths,
       string_agg(coalesce(f.grid_code, ''), E'\n') AS named,
       string_agg(int4send(coalesce(f.households, 0)), ''::bytea) AS households,
       string_agg(int4send(coalesce(f.residents, 0)), ''::bytea) AS residents
FROM (
  SELECT b.id, b.grid_code, b.households, b.residents, st_asbinary(b.geom) AS wkb
  FROM onemap.building b JOIN near USING (id)
  OFFSET 0
) AS f
