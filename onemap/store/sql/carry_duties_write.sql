-- Rosters from plain data, as carry_duties gives them.
INSERT INTO onemap.duty (org_code, team_key, rank, kind, weekdays, hours, starts_at, ends_at)
SELECT org_code, team_key, rank, kind, weekdays, hours, starts_at, ends_at
FROM jsonb_to_recordset(%(rows)s) AS r (org_code text, team_key text, rank smallint, kind text, weekdays smallint[],
                                        hours text, starts_at timestamptz, ends_at timestamptz)
