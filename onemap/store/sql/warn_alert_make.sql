-- One alert for each team, once for each level of a warning.
INSERT INTO onemap.alert (warning_key, team_key, level, title, text, created_at, due_on_site_at, due_resolved_at,
                          due_followup_at)
SELECT %(key)s, team, %(level)s, %(title)s, %(text)s, %(at)s, %(due_on_site_at)s, %(due_resolved_at)s,
       %(due_followup_at)s
FROM unnest(%(teams)s::text[]) AS team
ORDER BY team
ON CONFLICT (warning_key, team_key, level) DO NOTHING
RETURNING id, team_key
