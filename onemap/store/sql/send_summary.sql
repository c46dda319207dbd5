-- The ledger at a glance: deliveries of the last 48 hours and all that are not settled, by state. `area` as in the list.
SELECT d.state, count(*) FILTER (WHERE d.created_at > now() - interval '48 hours') AS lately, count(*) AS n,
       min(d.created_at) AS oldest_at, count(*) FILTER (WHERE d.state = 'dead' AND d.seen_at IS NULL) AS unseen
FROM onemap.delivery d
WHERE (d.created_at > now() - interval '48 hours' OR d.state IN ('queued', 'sending')
       OR (d.state = 'dead' AND d.seen_at IS NULL))
  AND (%(area)s::bytea IS NULL OR EXISTS (
    SELECT FROM onemap.alert a JOIN onemap.warning w ON w.key = a.warning_key
    LEFT JOIN onemap.hazard h ON h.key = w.hazard_key
    WHERE a.id = d.alert_id
      AND st_intersects(coalesce(h.geom, st_pointonsurface(w.geom)), st_geomfromwkb(%(area)s, 4326))))
GROUP BY d.state
