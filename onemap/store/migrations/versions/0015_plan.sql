-- Plans, their edits, the coverages they start from.
CREATE TABLE onemap.plan (
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  note TEXT DEFAULT '' NOT NULL,
  base TEXT NOT NULL,
  scope TEXT,
  scope_name TEXT,
  model TEXT NOT NULL,
  state TEXT DEFAULT 'draft' NOT NULL,
  version INTEGER DEFAULT 0 NOT NULL,
  edits INTEGER DEFAULT 0 NOT NULL,
  copy_of TEXT,
  created_by TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  submitted_by TEXT,
  submitted_at TIMESTAMP WITH TIME ZONE,
  decided_by TEXT,
  decided_at TIMESTAMP WITH TIME ZONE,
  effective_at TIMESTAMP WITH TIME ZONE,
  edition TEXT,
  CONSTRAINT pk_plan PRIMARY KEY (key)
);
CREATE INDEX ix_plan_changed_at ON onemap.plan (changed_at);
CREATE INDEX ix_plan_state ON onemap.plan (state);

CREATE TABLE onemap.plan_edit (
  plan_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  by TEXT NOT NULL,
  kind TEXT NOT NULL,
  op TEXT,
  operation JSONB,
  text_zh TEXT NOT NULL,
  text_en TEXT NOT NULL,
  grids TEXT[] NOT NULL,
  delta BYTEA,
  counts BOOLEAN DEFAULT true NOT NULL,
  of INTEGER,
  undone INTEGER,
  CONSTRAINT pk_plan_edit PRIMARY KEY (plan_key, version),
  CONSTRAINT fk_plan_edit_plan_key FOREIGN KEY (plan_key) REFERENCES onemap.plan (key)
);
CREATE INDEX ix_plan_edit_by ON onemap.plan_edit (plan_key, by, version);

CREATE TABLE onemap.plan_ground (
  plan_key TEXT NOT NULL,
  version INTEGER NOT NULL,
  coverage BYTEA NOT NULL,
  CONSTRAINT pk_plan_ground PRIMARY KEY (plan_key, version),
  CONSTRAINT fk_plan_ground_plan_key FOREIGN KEY (plan_key) REFERENCES onemap.plan (key)
);
