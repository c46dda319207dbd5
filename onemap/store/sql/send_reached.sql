-- Alerts that have reached their teams: a line of the timeline for each way, and the first one changes the alert. Gives
-- the alerts that changed. Whoever locks several alerts locks them in the order of their ids.
WITH told AS (
  SELECT * FROM unnest(%(ids)s::bigint[], %(zh)s::text[], %(en)s::text[]) AS t (id, zh, en)
),
held AS (
  SELECT a.id, a.warning_key, a.team_key, a.delivered_at FROM onemap.alert a
  WHERE a.id = ANY(%(ids)s) ORDER BY a.id FOR NO KEY UPDATE
),
line AS (
  INSERT INTO onemap.alert_event (warning_key, alert_id, at, kind, actor, text_zh, text_en)
  SELECT h.warning_key, h.id, %(at)s, %(kind)s, 'delivery', format(told.zh, coalesce(t.name, h.team_key)),
         format(told.en, coalesce(t.name, h.team_key))
  FROM told JOIN held h USING (id) LEFT JOIN onemap.team t ON t.key = h.team_key
  ORDER BY h.id
)
UPDATE onemap.alert a
SET delivered_at = %(at)s, state = CASE WHEN a.state = 'queued' THEN 'delivered' ELSE a.state END
FROM held h WHERE a.id = h.id AND h.delivered_at IS NULL
RETURNING a.id
