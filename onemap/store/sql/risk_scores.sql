-- Cells and scores of some chunks of some surfaces.
SELECT surface, chunk, cells, score FROM onemap.risk_chunk
WHERE chunk = ANY(%(chunks)s) AND surface = ANY(%(surfaces)s) ORDER BY surface, chunk
