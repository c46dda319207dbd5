-- One chunk of some surfaces in the kept hour nearest to one, at most two hours off. A surface without a row had no risk
-- there: `kept` says whether the hour was kept at all.
WITH near AS (
  SELECT hour FROM onemap.risk_past WHERE hour BETWEEN %(hour)s - interval '2 hours' AND %(hour)s + interval '2 hours'
  ORDER BY abs(extract(epoch FROM hour - %(hour)s)), hour LIMIT 1
)
SELECT near.hour, p.surface, p.cells, p.score, p.factors, p.sources, p.parts
FROM near LEFT JOIN onemap.risk_past p ON p.hour = near.hour AND p.chunk = %(chunk)s AND p.surface = ANY(%(surfaces)s)
ORDER BY p.surface
