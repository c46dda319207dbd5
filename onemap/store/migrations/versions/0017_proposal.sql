-- Proposals: the question, how far the worker is with it, and the options that came of it.
CREATE TABLE onemap.proposal (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  plan_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  state TEXT DEFAULT 'queued' NOT NULL,
  progress FLOAT8 DEFAULT 0 NOT NULL,
  asked JSONB NOT NULL,
  seconds_asked FLOAT8 NOT NULL,
  asked_by TEXT NOT NULL,
  asked_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  started_at TIMESTAMP WITH TIME ZONE,
  ended_at TIMESTAMP WITH TIME ZONE,
  beat_at TIMESTAMP WITH TIME ZONE,
  attempts INTEGER DEFAULT 0 NOT NULL,
  error_zh TEXT,
  error_en TEXT,
  units INTEGER,
  today JSONB,
  CONSTRAINT pk_proposal PRIMARY KEY (id),
  CONSTRAINT fk_proposal_plan_key_plan FOREIGN KEY (plan_key) REFERENCES onemap.plan (key)
);

CREATE INDEX ix_proposal_plan_key ON onemap.proposal (plan_key);
CREATE INDEX ix_proposal_waiting ON onemap.proposal (state) WHERE state IN ('queued', 'running');

CREATE TABLE onemap.proposal_ground (
  proposal_id BIGINT NOT NULL,
  wkb BYTEA NOT NULL,
  grids JSONB NOT NULL,
  CONSTRAINT pk_proposal_ground PRIMARY KEY (proposal_id),
  CONSTRAINT fk_proposal_ground_proposal_id_proposal FOREIGN KEY (proposal_id)
    REFERENCES onemap.proposal (id) ON DELETE CASCADE
);

CREATE TABLE onemap.proposal_option (
  proposal_id BIGINT NOT NULL,
  index INTEGER NOT NULL,
  shown JSONB NOT NULL,
  grids JSONB NOT NULL,
  CONSTRAINT pk_proposal_option PRIMARY KEY (proposal_id, index),
  CONSTRAINT fk_proposal_option_proposal_id_proposal FOREIGN KEY (proposal_id)
    REFERENCES onemap.proposal (id) ON DELETE CASCADE
);
