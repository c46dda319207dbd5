CREATE INDEX ix_grid_edition_code ON onemap.grid (edition, code);

-- The edition of the grids in force: the one that the city names; of a city that names none, the last by name.
CREATE FUNCTION onemap.edition_in_force() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce((SELECT nullif(edition, '') FROM onemap.city), (SELECT max(edition) FROM onemap.grid))
$$;

-- The grids in force. Whoever asks for "the grids" asks here, so that a publication changes every answer at once.
CREATE VIEW onemap.grid_in_force AS
SELECT g.id, g.key, g.geom, g.sys_from, g.edition, g.code, g.name, g.community_code, g.kind, g.valid_from, g.valid_to,
       g.team_key, g.area_m2
FROM onemap.grid g
WHERE g.edition IS NOT DISTINCT FROM (SELECT onemap.edition_in_force())
  AND (g.valid_from IS NULL OR g.valid_from <= now()) AND (g.valid_to IS NULL OR g.valid_to > now());

CREATE TABLE onemap.edition (
  name TEXT NOT NULL,
  title TEXT DEFAULT '' NOT NULL,
  base TEXT,
  plan_key TEXT,
  grids INTEGER NOT NULL,
  published_by TEXT,
  published_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_edition PRIMARY KEY (name)
);

CREATE TABLE onemap.edition_period (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  edition TEXT NOT NULL,
  valid_from TIMESTAMP WITH TIME ZONE,
  valid_to TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_edition_period PRIMARY KEY (id),
  CONSTRAINT fk_edition_period_edition FOREIGN KEY(edition) REFERENCES onemap.edition (name)
);

CREATE INDEX ix_edition_period_edition ON onemap.edition_period (edition);

CREATE INDEX ix_edition_period_from ON onemap.edition_period (valid_from);

CREATE TABLE onemap.grid_lineage (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  edition TEXT NOT NULL,
  code TEXT,
  base TEXT NOT NULL,
  code_before TEXT,
  relation TEXT NOT NULL,
  share DOUBLE PRECISION NOT NULL,
  share_before DOUBLE PRECISION NOT NULL,
  CONSTRAINT pk_grid_lineage PRIMARY KEY (id),
  CONSTRAINT fk_grid_lineage_edition FOREIGN KEY(edition) REFERENCES onemap.edition (name)
);

CREATE INDEX ix_grid_lineage_before ON onemap.grid_lineage (base, code_before);

CREATE INDEX ix_grid_lineage_code ON onemap.grid_lineage (edition, code);

CREATE INDEX ix_grid_lineage_redrawn ON onemap.grid_lineage (code) WHERE relation <> 'same';

CREATE TABLE onemap.edition_publication (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  plan_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  edition TEXT NOT NULL,
  title TEXT DEFAULT '' NOT NULL,
  previous TEXT,
  state TEXT NOT NULL,
  effective_at TIMESTAMP WITH TIME ZONE NOT NULL,
  asked_by TEXT NOT NULL,
  asked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  published_at TIMESTAMP WITH TIME ZONE,
  rolled_back_at TIMESTAMP WITH TIME ZONE,
  seconds DOUBLE PRECISION,
  grids INTEGER DEFAULT 0 NOT NULL,
  moved JSONB DEFAULT '{}' NOT NULL,
  notified INTEGER DEFAULT 0 NOT NULL,
  carried JSONB DEFAULT '{}' NOT NULL,
  problem TEXT,
  settled_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_edition_publication PRIMARY KEY (id),
  CONSTRAINT ck_edition_publication_state CHECK (state IN ('scheduled', 'published', 'rolled_back', 'cancelled'))
);

CREATE INDEX ix_edition_publication_plan_key ON onemap.edition_publication (plan_key);

CREATE UNIQUE INDEX ux_edition_publication_waiting ON onemap.edition_publication (plan_key) WHERE state = 'scheduled';

CREATE TABLE onemap.plan_comment (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  plan_key TEXT NOT NULL,
  text TEXT NOT NULL,
  by TEXT NOT NULL,
  written_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  version INTEGER NOT NULL,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  grid TEXT,
  reply_to BIGINT,
  resolved BOOLEAN DEFAULT false NOT NULL,
  resolved_by TEXT,
  CONSTRAINT pk_plan_comment PRIMARY KEY (id)
);

CREATE INDEX ix_plan_comment_plan_key ON onemap.plan_comment (plan_key);

CREATE TABLE onemap.plan_decision (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  plan_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  what TEXT NOT NULL,
  by TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  note TEXT DEFAULT '' NOT NULL,
  CONSTRAINT pk_plan_decision PRIMARY KEY (id)
);

CREATE INDEX ix_plan_decision_plan_key ON onemap.plan_decision (plan_key);

CREATE TABLE onemap.grid_notice (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  publication_id BIGINT NOT NULL,
  edition TEXT NOT NULL,
  team_key TEXT NOT NULL,
  text_zh TEXT NOT NULL,
  text_en TEXT NOT NULL,
  gains JSONB NOT NULL,
  loses JSONB NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  alert_id BIGINT,
  CONSTRAINT pk_grid_notice PRIMARY KEY (id),
  CONSTRAINT fk_grid_notice_publication_id FOREIGN KEY(publication_id) REFERENCES onemap.edition_publication (id)
);

CREATE INDEX ix_grid_notice_publication_id ON onemap.grid_notice (publication_id);

CREATE INDEX ix_grid_notice_team_key ON onemap.grid_notice (team_key);

-- The edition that was in force at an instant; without periods that of now.
CREATE FUNCTION onemap.edition_at(instant timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(
    (SELECT edition FROM onemap.edition_period
     WHERE (valid_from IS NULL OR valid_from <= instant) AND (valid_to IS NULL OR valid_to > instant)
     ORDER BY valid_from DESC NULLS LAST LIMIT 1),
    (SELECT edition FROM onemap.edition_period WHERE valid_from > instant ORDER BY valid_from LIMIT 1),
    onemap.edition_in_force())
$$;

-- When the edition in force last came into force; null while there is only the one that was imported.
CREATE FUNCTION onemap.edition_since() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT max(valid_from) FROM onemap.edition_period WHERE valid_to IS NULL
$$;
