-- Open warnings that belong to a storm with another: of one kind and drill, close in time of raising or change, near each
-- other or in one street. Pairs of different episodes alone: once all are joined there is nothing to give.
WITH live AS (
  SELECT w.key, w.kind, coalesce(w.drill_key, '') AS drill, w.episode, w.raised_at, w.changed_at, w.geom,
         min(w.raised_at) OVER (PARTITION BY w.episode) AS began_at
  FROM onemap.warning w
  WHERE w.state <> 'ended' AND w.episode IS NOT NULL
)
SELECT a.episode AS one, b.episode AS other, a.began_at AS one_at, b.began_at AS other_at
FROM live a JOIN live b ON a.key < b.key AND a.kind = b.kind AND a.drill = b.drill AND a.episode <> b.episode
 AND a.raised_at - make_interval(secs => %(window_s)s) <= b.changed_at
 AND b.raised_at - make_interval(secs => %(window_s)s) <= a.changed_at
WHERE greatest(a.changed_at, b.changed_at) >= %(at)s::timestamptz - make_interval(secs => %(window_s)s)
  AND (
    st_dwithin(a.geom::geography, b.geom::geography, %(near_m)s)
    OR EXISTS (
      SELECT 1 FROM onemap.area s
      WHERE s.level = 'street' AND st_intersects(s.geom, a.geom) AND st_intersects(s.geom, b.geom)
    )
  )
LIMIT 5000
