CREATE TABLE onemap.duty (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  org_code TEXT NOT NULL,
  team_key TEXT NOT NULL,
  rank SMALLINT NOT NULL,
  kind TEXT NOT NULL,
  weekdays SMALLINT[] DEFAULT '{}' NOT NULL,
  hours TEXT DEFAULT '0-24' NOT NULL,
  starts_at TIMESTAMP WITH TIME ZONE,
  ends_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_duty PRIMARY KEY (id)
);
CREATE INDEX ix_duty_org_code ON onemap.duty (org_code);

CREATE TABLE onemap.duty_hand_over (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  org_code TEXT NOT NULL,
  from_team TEXT NOT NULL,
  to_team TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  until TIMESTAMP WITH TIME ZONE NOT NULL,
  note TEXT DEFAULT '' NOT NULL,
  by TEXT NOT NULL,
  open_warnings INTEGER DEFAULT 0 NOT NULL,
  CONSTRAINT pk_duty_hand_over PRIMARY KEY (id)
);
CREATE INDEX ix_duty_hand_over_org_code ON onemap.duty_hand_over (org_code);

CREATE TABLE onemap.ladder (
  warning_key TEXT NOT NULL,
  template TEXT NOT NULL,
  level SMALLINT NOT NULL,
  onset_at TIMESTAMP WITH TIME ZONE,
  began_at TIMESTAMP WITH TIME ZONE NOT NULL,
  auto_start_at TIMESTAMP WITH TIME ZONE NOT NULL,
  started_at TIMESTAMP WITH TIME ZONE,
  started_by TEXT,
  answered_at TIMESTAMP WITH TIME ZONE,
  confirmed_at TIMESTAMP WITH TIME ZONE,
  closed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_ladder PRIMARY KEY (warning_key)
);
CREATE INDEX ix_ladder_due ON onemap.ladder (auto_start_at) WHERE started_at IS NULL AND closed_at IS NULL;

CREATE TABLE onemap.calling (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  warning_key TEXT NOT NULL,
  grid_code TEXT NOT NULL,
  grid_name TEXT NOT NULL,
  community_code TEXT,
  street_code TEXT,
  district_code TEXT,
  households INTEGER,
  residents INTEGER,
  level SMALLINT NOT NULL,
  state TEXT DEFAULT 'waiting' NOT NULL,
  second BOOLEAN DEFAULT false NOT NULL,
  rung TEXT,
  team_key TEXT,
  called TEXT[] DEFAULT '{}' NOT NULL,
  round INTEGER DEFAULT 0 NOT NULL,
  asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  called_at TIMESTAMP WITH TIME ZONE,
  due_at TIMESTAMP WITH TIME ZONE,
  answered_at TIMESTAMP WITH TIME ZONE,
  answered_by TEXT,
  second_due_at TIMESTAMP WITH TIME ZONE,
  second_at TIMESTAMP WITH TIME ZONE,
  report_due_at TIMESTAMP WITH TIME ZONE,
  remind_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_calling PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ux_calling_warning_grid ON onemap.calling (warning_key, grid_code);
CREATE INDEX ix_calling_due ON onemap.calling (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_calling_remind ON onemap.calling (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX ix_calling_open ON onemap.calling (grid_code) WHERE state <> 'closed';

CREATE TABLE onemap.call (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  calling_id BIGINT NOT NULL,
  warning_key TEXT NOT NULL,
  alert_id BIGINT,
  rung TEXT NOT NULL,
  org_code TEXT NOT NULL,
  team_key TEXT,
  rank SMALLINT NOT NULL,
  level SMALLINT NOT NULL,
  round INTEGER NOT NULL,
  state TEXT NOT NULL,
  called_at TIMESTAMP WITH TIME ZONE NOT NULL,
  deadline_at TIMESTAMP WITH TIME ZONE NOT NULL,
  answered_at TIMESTAMP WITH TIME ZONE,
  note TEXT,
  CONSTRAINT pk_call PRIMARY KEY (id),
  CONSTRAINT fk_call_calling_id_calling FOREIGN KEY (calling_id) REFERENCES onemap.calling (id)
);
CREATE INDEX ix_call_calling_id ON onemap.call (calling_id);
CREATE INDEX ix_call_warning_key ON onemap.call (warning_key);
CREATE INDEX ix_call_alert_id ON onemap.call (alert_id);
