-- Movers with where they stand, all or some.
SELECT id, key, name, kind, team_key, extract(epoch FROM seen_at)::float8 AS seen_s, st_x(geom) AS lon,
       st_y(geom) AS lat, coalesce(altitude_m, 0) AS altitude_m, coalesce(accuracy_m, -1) AS accuracy_m
FROM onemap.mover
WHERE %(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s)
ORDER BY id
