-- Lines of the ledger, newest first; `area` bounds them to alerts whose place lies in it.
SELECT d.id, d.alert_id, a.warning_key, a.team_key, t.name AS team_name, a.level, a.title, a.drill, d.channel_id, d.kind,
       d.idempotency_key, d.state, d.attempts, d.created_at,
       CASE WHEN d.state IN ('held', 'queued') THEN d.next_at END AS next_at,
       d.sent_at, d.delivered_at, d.received_at, d.receipt, d.error
FROM onemap.delivery d
JOIN onemap.alert a ON a.id = d.alert_id
LEFT JOIN onemap.team t ON t.key = a.team_key
WHERE (%(id)s::bigint IS NULL OR d.id = %(id)s)
  AND (%(state)s::text IS NULL OR d.state = %(state)s)
  AND (%(channel)s::bigint IS NULL OR d.channel_id = %(channel)s)
  AND (%(alert)s::bigint IS NULL OR d.alert_id = %(alert)s)
  AND (%(warning)s::text IS NULL OR a.warning_key = %(warning)s)
  AND (%(before)s::bigint IS NULL OR d.id < %(before)s)
  AND (%(area)s::bytea IS NULL OR EXISTS (
    SELECT FROM onemap.warning w LEFT JOIN onemap.hazard h ON h.key = w.hazard_key
    WHERE w.key = a.warning_key
      AND st_intersects(coalesce(h.geom, st_pointonsurface(w.geom)), st_geomfromwkb(%(area)s, 4326))))
ORDER BY d.id DESC
LIMIT %(limit)s
