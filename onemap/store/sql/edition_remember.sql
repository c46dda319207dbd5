-- An edition that came by import gets its row, and the period that its grids name.
WITH made AS (
  INSERT INTO onemap.edition (name, grids)
  SELECT %(edition)s, count(*)::int FROM onemap.grid WHERE edition = %(edition)s
  ON CONFLICT (name) DO NOTHING
  RETURNING name
)
INSERT INTO onemap.edition_period (edition, valid_from)
SELECT name, (SELECT min(valid_from) FROM onemap.grid WHERE edition = %(edition)s) FROM made
