-- Every code that a grid has or ever had, in any edition: none of them is given again.
SELECT code FROM onemap.grid WHERE code IS NOT NULL
UNION
SELECT code FROM onemap.grid_history WHERE code IS NOT NULL
