DROP TABLE onemap.heat_rollup;

DROP TABLE onemap.heat_event;

CREATE TABLE onemap.heat_event (
  surface TEXT NOT NULL,
  fid BIGINT NOT NULL,
  cell BIGINT NOT NULL,
  hour TIMESTAMP WITH TIME ZONE NOT NULL,
  category TEXT NOT NULL,
  source TEXT DEFAULT '' NOT NULL,
  severity SMALLINT DEFAULT 0 NOT NULL,
  n INTEGER NOT NULL,
  CONSTRAINT pk_heat_event PRIMARY KEY (surface, fid)
);

CREATE INDEX ix_heat_event_cell ON onemap.heat_event (surface, cell);

CREATE INDEX ix_heat_event_hour ON onemap.heat_event (surface, hour);

CREATE TABLE onemap.heat_change (
  surface TEXT NOT NULL,
  seq BIGINT GENERATED ALWAYS AS IDENTITY,
  xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  fid BIGINT NOT NULL,
  cell BIGINT NOT NULL,
  hour TIMESTAMP WITH TIME ZONE NOT NULL,
  category TEXT NOT NULL,
  source TEXT NOT NULL,
  severity SMALLINT NOT NULL,
  n INTEGER NOT NULL,
  CONSTRAINT pk_heat_change PRIMARY KEY (seq)
);

CREATE INDEX ix_heat_change_xid ON onemap.heat_change (surface, xid);

CREATE TABLE onemap.heat_state (
  surface TEXT NOT NULL,
  version SMALLINT NOT NULL,
  epoch INTEGER DEFAULT 0 NOT NULL,
  floor xid8 DEFAULT '0' NOT NULL,
  CONSTRAINT pk_heat_state PRIMARY KEY (surface)
);
