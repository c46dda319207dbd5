-- Chunks (ancestors of resolution 8) of everything that can carry risk by itself, and of what carries some now.
SELECT DISTINCT (h3 & %(keep)s::bigint) | %(set)s::bigint AS chunk FROM onemap.building
UNION SELECT DISTINCT (cell & %(keep)s::bigint) | %(set)s::bigint FROM onemap.terrain_cell
      WHERE res = %(res)s AND (susceptibility > 0 OR wetness > 0)
UNION SELECT chunk FROM onemap.risk_chunk
