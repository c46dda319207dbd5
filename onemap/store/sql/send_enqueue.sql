-- The ways out of new alerts: the live page, and every channel of the team or of all teams that is used at this level in
-- this hour. The best rank goes at once. Each later rank is held: it goes its wait after the rank before it went.
WITH ways AS (
  SELECT a.id AS alert_id, c.id AS channel_id, c.kind, c.rank, c.wait_s, min(c.rank) OVER (PARTITION BY a.id) AS first
  FROM onemap.alert a
  JOIN onemap.channel c ON c.deleted_at IS NULL AND (c.kind = 'live' OR (
    c.enabled AND coalesce(c.team_key, a.team_key) = a.team_key AND a.level <= c.worst_level
    AND (c.hour_bits >> extract(hour FROM now() AT TIME ZONE c.zone)::int) & 1 = 1))
  WHERE a.id = ANY(%(ids)s)
),
steps AS (
  SELECT alert_id, rank,
         coalesce(sum(CASE WHEN rank > first THEN max(wait_s) ELSE 0 END) OVER (
           PARTITION BY alert_id ORDER BY rank ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before_s
  FROM ways GROUP BY alert_id, rank, first
)
INSERT INTO onemap.delivery (alert_id, channel_id, kind, rank, state, next_at)
SELECT w.alert_id, w.channel_id, w.kind, w.rank, CASE WHEN w.rank = w.first THEN 'queued' ELSE 'held' END,
       now() + make_interval(secs => CASE WHEN w.rank = w.first THEN 0 ELSE s.before_s + w.wait_s END)
FROM ways w JOIN steps s USING (alert_id, rank)
ORDER BY w.alert_id, w.rank, w.channel_id
ON CONFLICT (alert_id, channel_id) DO NOTHING
