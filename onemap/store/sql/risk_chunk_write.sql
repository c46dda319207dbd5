INSERT INTO onemap.risk_chunk (surface, chunk, cells, score, factors, sources, parts, worst, digest, at)
VALUES (%(surface)s, %(chunk)s, %(cells)s, %(score)s, %(factors)s, %(sources)s, %(parts)s, %(worst)s, %(digest)s, %(at)s)
ON CONFLICT (surface, chunk) DO UPDATE
SET cells = excluded.cells, score = excluded.score, factors = excluded.factors, sources = excluded.sources,
    parts = excluded.parts, worst = excluded.worst, digest = excluded.digest, at = excluded.at
