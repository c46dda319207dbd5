-- A mover's fixes to make tracks of: from `since` on; with those of its newest track when that is recent enough to go
-- on, without them (and without anything before its end) when it is over.
SELECT m.key, m.name, f.at_s, f.lon, f.lat, f.altitude_m
FROM onemap.mover m
LEFT JOIN LATERAL (
  SELECT started_at, ended_at FROM onemap.track
  WHERE mover_key = m.key AND feed = 'tracks' ORDER BY started_at DESC LIMIT 1
) AS newest ON true
CROSS JOIN LATERAL (
  SELECT array_agg(extract(epoch FROM at)::float8 ORDER BY at) AS at_s, array_agg(st_x(geom) ORDER BY at) AS lon,
         array_agg(st_y(geom) ORDER BY at) AS lat, array_agg(coalesce(st_z(geom), 0) ORDER BY at) AS altitude_m
  FROM onemap.fix
  WHERE mover_id = m.id
    AND at >= CASE WHEN newest.started_at IS NULL THEN %(since)s::timestamptz
                   WHEN newest.ended_at + make_interval(secs => %(gap_s)s) >= %(since)s::timestamptz
                   THEN newest.started_at ELSE greatest(%(since)s::timestamptz, newest.ended_at) END
) AS f
WHERE m.id = %(mover)s
