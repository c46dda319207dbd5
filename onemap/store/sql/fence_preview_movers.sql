-- Movers that stand inside a ground.
SELECT key, name, kind FROM onemap.mover m
WHERE st_intersects(m.geom, st_geomfromwkb(%(ground)s, 4326))
  AND (%(area)s::bytea IS NULL OR st_intersects(m.geom, st_geomfromwkb(%(area)s, 4326)))
  AND (cardinality(%(kinds)s::text[]) = 0 OR m.kind = ANY(%(kinds)s))
ORDER BY key LIMIT 200
