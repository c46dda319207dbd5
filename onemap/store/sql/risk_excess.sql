-- What readings added at the last look.
SELECT surface, term::int AS term, hazard_key, sensor_key, factor, said, west, south, east, north
FROM onemap.risk_excess
