DELETE FROM onemap.risk_chunk c
USING unnest(%(surfaces)s::text[], %(chunks)s::bigint[]) AS gone (surface, chunk)
WHERE c.surface = gone.surface AND c.chunk = gone.chunk
