-- A notice to a team, with the letter that carries it: of no warning, delivered and settled from the start.
WITH letter AS (
  INSERT INTO onemap.alert (warning_key, team_key, level, title, text, state, created_at, delivered_at, acknowledged_at,
                            resolved_at, origin, due_on_site_at, due_resolved_at, due_followup_at)
  VALUES (%(key)s, %(team)s, 4, %(title)s, %(zh)s || ' ' || %(en)s, 'resolved', %(at)s, %(at)s, %(at)s, %(at)s, 'notice',
          %(at)s, %(at)s, %(at)s)
  ON CONFLICT (warning_key, team_key, level) DO NOTHING
  RETURNING id
)
INSERT INTO onemap.grid_notice (publication_id, edition, title, back, team_key, text_zh, text_en, gains, loses, at,
                                alert_id)
SELECT %(publication)s, %(edition)s, %(name)s, %(back)s, %(team)s, %(zh)s, %(en)s, %(gains)s, %(loses)s, %(at)s, id
FROM letter
RETURNING alert_id
