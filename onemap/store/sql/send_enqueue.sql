-- The ways out of new alerts: the live page, and every channel of the team or of all teams that is used at this level in
-- this hour. The best rank goes at once. Each later rank is held: it goes its wait after the rank before it went. `again`:
-- the alert rings once more, by every channel but the live page (it is told anyway) and those whose line still waits.
WITH ways AS (
  SELECT a.id AS alert_id, c.id AS channel_id, c.kind, c.rank, c.wait_s, min(c.rank) OVER (PARTITION BY a.id) AS first,
         coalesce((SELECT max(d.ring) FROM onemap.delivery d WHERE d.alert_id = a.id), 0) + 1 AS ring
  FROM onemap.alert a
  JOIN onemap.channel c ON c.deleted_at IS NULL AND (c.kind = 'live' AND NOT %(again)s OR (c.kind <> 'live' AND
    c.enabled AND coalesce(c.team_key, a.team_key) = a.team_key AND a.level <= c.worst_level
    AND (c.hour_bits >> extract(hour FROM now() AT TIME ZONE c.zone)::int) & 1 = 1))
  WHERE a.id = ANY(%(ids)s) AND NOT EXISTS (
    SELECT FROM onemap.delivery d WHERE d.alert_id = a.id AND d.channel_id = c.id
      AND (NOT %(again)s OR d.state IN ('held', 'queued', 'sending')))
),
steps AS (
  SELECT alert_id, rank,
         coalesce(sum(CASE WHEN rank > first THEN max(wait_s) ELSE 0 END) OVER (
           PARTITION BY alert_id ORDER BY rank ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before_s
  FROM ways GROUP BY alert_id, rank, first
)
INSERT INTO onemap.delivery (alert_id, channel_id, kind, rank, ring, state, next_at)
SELECT w.alert_id, w.channel_id, w.kind, w.rank, w.ring, CASE WHEN w.rank = w.first THEN 'queued' ELSE 'held' END,
       now() + make_interval(secs => CASE WHEN w.rank = w.first THEN 0 ELSE s.before_s + w.wait_s END)
FROM ways w JOIN steps s USING (alert_id, rank)
ORDER BY w.alert_id, w.rank, w.channel_id
ON CONFLICT (alert_id, channel_id, ring) DO NOTHING
