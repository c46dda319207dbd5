-- The last back-test of a category, one row a horizon.
SELECT horizon, run, shown, verdict, told, about
FROM heat_backtest
WHERE category = %(category)s
  AND run = (SELECT max(run) FROM heat_backtest WHERE category = %(category)s)
ORDER BY horizon
