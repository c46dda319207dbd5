SELECT cell, sum(value)::float8 AS value FROM onemap.risk_part GROUP BY cell ORDER BY cell
