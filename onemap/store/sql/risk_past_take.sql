-- Keep what an hour ends with.
INSERT INTO onemap.risk_past (hour, surface, chunk, cells, score, factors, sources, parts)
SELECT %(hour)s, surface, chunk, cells, score, factors, sources, parts FROM onemap.risk_chunk
WHERE surface = ANY(%(surfaces)s)
ON CONFLICT DO NOTHING
