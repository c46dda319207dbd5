SELECT f.mover_id, f.at, st_x(f.geom) AS lon, st_y(f.geom) AS lat
FROM unnest(%(movers)s::bigint[], %(ats)s::timestamptz[]) AS t (mover_id, at)
JOIN onemap.fix f ON f.mover_id = t.mover_id AND f.at = t.at
