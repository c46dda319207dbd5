-- When the events of a surface begin, when the last back-test ran, and whether much is still to be counted (a city that
-- is just being loaded is no past to learn from).
SELECT (SELECT min(hour) FROM heat_event WHERE surface = %(surface)s) AS first,
  (SELECT max(run) FROM heat_backtest) AS run,
  (SELECT count(*) > 500 FROM (
    SELECT 1 FROM change_log l,
      (SELECT coalesce(max(xid::text::bigint), 0)::text::xid8 AS xid, coalesce(max(seq), 0) AS seq
       FROM consumer WHERE name = %(consumer)s) AS c
    WHERE l.layer = 'incident' AND l.xid >= c.xid AND (l.xid, l.seq) > (c.xid, c.seq)
    LIMIT 501) AS waiting) AS behind
