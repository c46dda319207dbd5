-- The episode of the warnings like this one (same kind, same drill, raised or changed within half an hour) that lie near
-- it or in the same street: the oldest, so that a storm keeps the name it began with.
SELECT w.episode
FROM onemap.warning w
WHERE w.state <> 'ended' AND w.kind = %(kind)s AND coalesce(w.drill_key, '') = %(drill)s
  AND w.changed_at >= %(at)s::timestamptz - make_interval(secs => %(window_s)s) AND w.episode IS NOT NULL
  AND w.key <> %(key)s
  AND (
    st_dwithin(w.geom::geography, st_setsrid(st_geomfromwkb(%(wkb)s), 4326)::geography, %(near_m)s)
    OR EXISTS (
      SELECT 1 FROM onemap.area a
      WHERE a.level = 'street' AND st_intersects(a.geom, st_setsrid(st_point(%(lon)s, %(lat)s), 4326))
        AND st_intersects(a.geom, w.geom)
    )
  )
ORDER BY w.raised_at, w.key
LIMIT 1
