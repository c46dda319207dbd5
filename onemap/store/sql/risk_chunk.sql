-- One chunk of some surfaces, with all of its parts.
SELECT surface, cells, score, factors, sources, parts FROM onemap.risk_chunk
WHERE chunk = %(chunk)s AND surface = ANY(%(surfaces)s) ORDER BY surface
