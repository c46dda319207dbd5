-- What a special grid is made of: school, estate, industrial …
ALTER TABLE onemap.grid ADD COLUMN special TEXT;
ALTER TABLE onemap.grid_history ADD COLUMN special TEXT;

CREATE OR REPLACE VIEW onemap.grid_in_force AS
SELECT g.id, g.key, g.geom, g.sys_from, g.edition, g.code, g.name, g.community_code, g.kind, g.valid_from, g.valid_to,
       g.team_key, g.area_m2, g.special
FROM onemap.grid g
WHERE g.edition IS NOT DISTINCT FROM (SELECT onemap.edition_in_force())
  AND (g.valid_from IS NULL OR g.valid_from <= now()) AND (g.valid_to IS NULL OR g.valid_to > now());

-- For which time a publication was set, beside the step that set it.
ALTER TABLE onemap.plan_decision ADD COLUMN effective_at TIMESTAMP WITH TIME ZONE;

-- A notice is read once, by whoever of the team comes first.
ALTER TABLE onemap.grid_notice ADD COLUMN seen_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE onemap.grid_notice ADD COLUMN back BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE onemap.grid_notice ADD COLUMN title TEXT DEFAULT '' NOT NULL;

CREATE INDEX ix_grid_notice_unseen ON onemap.grid_notice (team_key) WHERE seen_at IS NULL;
