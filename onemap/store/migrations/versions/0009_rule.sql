CREATE TABLE onemap.rule (
  key TEXT NOT NULL,
  version INTEGER DEFAULT 1 NOT NULL,
  spec JSONB NOT NULL,
  origin TEXT NOT NULL,
  enabled BOOLEAN DEFAULT false NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  changed_by TEXT NOT NULL,
  dry_run_at TIMESTAMP WITH TIME ZONE,
  last_run_at TIMESTAMP WITH TIME ZONE,
  frontier_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_rule PRIMARY KEY (key)
);

CREATE TABLE onemap.rule_version (
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  spec JSONB,
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  changed_by TEXT NOT NULL,
  CONSTRAINT pk_rule_version PRIMARY KEY (key, version)
);

CREATE TABLE onemap.rule_state (
  rule_key TEXT NOT NULL,
  subject TEXT NOT NULL,
  last_at TIMESTAMP WITH TIME ZONE NOT NULL,
  level SMALLINT,
  levels JSONB NOT NULL,
  CONSTRAINT pk_rule_state PRIMARY KEY (rule_key, subject)
);

CREATE TABLE onemap.feed_heard (
  feed TEXT NOT NULL,
  minute TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_feed_heard PRIMARY KEY (feed, minute)
);
