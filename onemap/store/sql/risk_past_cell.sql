-- The scores of one cell through the hours kept.
SELECT hour, surface, score[array_position(cells, %(cell)s::bigint)] AS score FROM onemap.risk_past
WHERE chunk = %(chunk)s AND surface = ANY(%(surfaces)s) ORDER BY hour, surface
