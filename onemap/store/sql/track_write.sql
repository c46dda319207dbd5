-- New tracks and longer ones. A track that is what it was is not touched; its geometry is compared as bytes.
INSERT INTO onemap.track AS t (key, geom, h3, feed, mover_key, name, started_at, ended_at, length_m)
SELECT n.key, n.geom::geometry, n.h3, 'tracks', n.mover_key, n.name, n.started_at, n.ended_at, n.length_m
FROM unnest(%(key)s::text[], %(geom)s::bytea[], %(h3)s::bigint[], %(mover_key)s::text[], %(name)s::text[],
            %(started_at)s::timestamptz[], %(ended_at)s::timestamptz[], %(length_m)s::float8[])
     AS n (key, geom, h3, mover_key, name, started_at, ended_at, length_m)
ORDER BY n.key
ON CONFLICT (key) DO UPDATE
SET geom = excluded.geom, h3 = excluded.h3, ended_at = excluded.ended_at, length_m = excluded.length_m
WHERE t.geom::bytea IS DISTINCT FROM excluded.geom::bytea
