-- One alert for each team, once for each level of a warning.
WITH made AS (
  INSERT INTO onemap.alert (warning_key, team_key, level, title, text, created_at, origin, drill, due_on_site_at,
                            due_resolved_at, due_followup_at)
  SELECT %(key)s, team, %(level)s, %(title)s, %(text)s, %(at)s, %(origin)s, %(drill)s, %(due_on_site_at)s,
         %(due_resolved_at)s, %(due_followup_at)s
  FROM unnest(%(teams)s::text[]) AS team
  ORDER BY team
  ON CONFLICT (warning_key, team_key, level) DO NOTHING
  RETURNING id, team_key
)
SELECT made.id, made.team_key, coalesce(t.name, made.team_key) AS name
FROM made LEFT JOIN onemap.team t ON t.key = made.team_key
ORDER BY made.team_key
