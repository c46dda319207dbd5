-- Tracks as of an instant: what of each had been travelled by then. A growing line leaves no history row for every fix
-- (its geometry is volatile); its measure is the time, so the past is cut out of the line itself.
SELECT t.id, t.key, c.geom, st_transform(c.geom, 3857) AS geom_3857, t.h3, t.feed, t.datum, t.sys_from, t.changed_by,
       t.mover_key, t.name, t.started_at, CASE WHEN t.ended_at > %(instant)s THEN %(instant)s ELSE t.ended_at END AS ended_at,
       CASE WHEN t.ended_at > %(instant)s THEN st_length(c.geom::geography) ELSE t.length_m END AS length_m
FROM (
  SELECT id, key, geom, h3, feed, datum, sys_from, changed_by, mover_key, name, started_at, ended_at, length_m
  FROM onemap.track WHERE sys_from <= %(instant)s
  UNION ALL
  SELECT id, key, geom, h3, feed, datum, sys_from, changed_by, mover_key, name, started_at, ended_at, length_m
  FROM onemap.track_history WHERE sys_from <= %(instant)s AND sys_to > %(instant)s
) t
CROSS JOIN LATERAL (
  SELECT CASE WHEN t.ended_at <= %(instant)s OR t.ended_at IS NULL THEN t.geom
              ELSE st_geometryn(st_collectionextract(
                     st_locatebetween(t.geom, st_m(st_startpoint(t.geom)), extract(epoch FROM %(instant)s)), 2), 1)
         END AS geom
) c
WHERE c.geom IS NOT NULL AND NOT st_isempty(c.geom)
