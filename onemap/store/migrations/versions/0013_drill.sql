CREATE TABLE onemap.drill (
  key TEXT NOT NULL,
  scenario TEXT NOT NULL,
  title_zh TEXT NOT NULL,
  title_en TEXT NOT NULL,
  state TEXT NOT NULL,
  started_at TIMESTAMP WITH TIME ZONE NOT NULL,
  started_by TEXT NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  speed DOUBLE PRECISION NOT NULL,
  length_s DOUBLE PRECISION NOT NULL,
  note TEXT DEFAULT '' NOT NULL,
  position INTEGER DEFAULT 0 NOT NULL,
  steps JSONB NOT NULL,
  readings JSONB DEFAULT '[]' NOT NULL,
  claims JSONB DEFAULT '{}' NOT NULL,
  score JSONB,
  CONSTRAINT pk_drill PRIMARY KEY (key)
);

CREATE UNIQUE INDEX ux_drill_running ON onemap.drill (state) WHERE state = 'running';
