-- What a rule remembers of some subjects.
INSERT INTO onemap.rule_state (rule_key, subject, last_at, level, levels)
SELECT %(rule)s, subject, last_at, level, levels
FROM unnest(%(subjects)s::text[], %(ats)s::timestamptz[], %(worst)s::smallint[], %(levels)s::jsonb[])
     AS t (subject, last_at, level, levels)
ON CONFLICT (rule_key, subject) DO UPDATE
SET last_at = excluded.last_at, level = excluded.level, levels = excluded.levels
