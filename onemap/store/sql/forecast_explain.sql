-- What the expected events of the cells in a range are made of.
SELECT cell, category, mean, parts, events, made_at
FROM heat_forecast
WHERE category = ANY(%(categories)s) AND horizon = %(horizon)s AND cell BETWEEN %(lo)s AND %(hi)s
ORDER BY category, cell
