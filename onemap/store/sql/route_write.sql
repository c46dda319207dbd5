-- Rows that have come into another grid, in the order of their ids; one that was given another meanwhile keeps it.
WITH given AS (
  SELECT id, named, code
  FROM unnest(%(ids)s::bigint[], %(named)s::text[], %(codes)s::text[]) AS g (id, named, code)
  ORDER BY id
)
UPDATE {table} AS f SET grid_code = given.code
FROM given WHERE f.id = given.id AND f.grid_code = given.named
