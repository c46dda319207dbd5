-- Fixes of movers of some kinds in a time, one a minute and mover: where they were.
SELECT DISTINCT ON (f.mover_id, date_bin('1 minute', f.at, 'epoch'))
       f.mover_id, f.at, st_x(f.geom) AS lon, st_y(f.geom) AS lat
FROM onemap.fix f JOIN onemap.mover m ON m.id = f.mover_id
WHERE f.at > %(from)s AND f.at <= %(to)s AND (cardinality(%(kinds)s::text[]) = 0 OR m.kind = ANY(%(kinds)s))
ORDER BY f.mover_id, date_bin('1 minute', f.at, 'epoch'), f.at DESC
LIMIT %(limit)s
