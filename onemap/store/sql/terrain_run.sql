-- What the cells were last made of, and in which resolutions they lie, finest first.
SELECT inputs, cells, model, at, (SELECT coalesce(array_agg(DISTINCT res ORDER BY res DESC), '{}') FROM terrain_cell)
         AS resolutions
FROM terrain_run WHERE id = 1
