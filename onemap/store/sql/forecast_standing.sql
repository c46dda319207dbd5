-- What the last back-test of each category and horizon says of its forecast.
SELECT DISTINCT ON (category, horizon) category, horizon, run, shown, verdict
FROM heat_backtest
ORDER BY category, horizon, run DESC
