-- The fitted grids of a category, or one of them.
SELECT grid_code, history, total_30d, coefficients, mean, low_80, high_80, low_95, high_95, week, change, p, q, trend
FROM onemap.trend_grid
WHERE category = %(category)s AND (%(code)s::text IS NULL OR grid_code = %(code)s)
