-- What stands of some chunks, to write only what changed.
SELECT surface, chunk, digest FROM onemap.risk_chunk WHERE chunk = ANY(%(chunks)s) AND surface = ANY(%(surfaces)s)
