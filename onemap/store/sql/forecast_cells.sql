-- Expected events by cell, of categories together.
SELECT cell, sum(mean) AS value
FROM heat_forecast
WHERE category = ANY(%(categories)s) AND horizon = %(horizon)s
GROUP BY cell
ORDER BY cell
