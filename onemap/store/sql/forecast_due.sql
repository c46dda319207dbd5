-- When the events of a surface begin, and when the last back-test ran.
SELECT (SELECT min(hour) FROM heat_event WHERE surface = %(surface)s) AS first,
  (SELECT max(run) FROM heat_backtest) AS run
