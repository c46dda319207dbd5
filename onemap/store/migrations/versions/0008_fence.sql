ALTER TABLE onemap.geofence
  ADD COLUMN level SMALLINT,
  ADD COLUMN spec JSONB,
  ADD COLUMN problem TEXT;

ALTER TABLE onemap.geofence_history
  ADD COLUMN level SMALLINT,
  ADD COLUMN spec JSONB,
  ADD COLUMN problem TEXT;

-- Fixes are followed in the order of their transactions, late ones and all; the log tells only that a mover moved.
ALTER TABLE onemap.fix ADD COLUMN xid xid8 DEFAULT pg_current_xact_id() NOT NULL;

CREATE INDEX ix_fix_xid ON onemap.fix (xid);

CREATE TABLE onemap.fence_state (
  fence_id BIGINT NOT NULL,
  mover_id BIGINT NOT NULL,
  state SMALLINT NOT NULL,
  since TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_fence_state PRIMARY KEY (fence_id, mover_id)
);

CREATE INDEX ix_fence_state_mover ON onemap.fence_state (mover_id);

CREATE TABLE onemap.fence_mover (
  mover_id BIGINT NOT NULL,
  limit_mps DOUBLE PRECISION NOT NULL,
  taken_s DOUBLE PRECISION NOT NULL,
  at_s DOUBLE PRECISION NOT NULL,
  lon DOUBLE PRECISION NOT NULL,
  lat DOUBLE PRECISION NOT NULL,
  altitude_m DOUBLE PRECISION NOT NULL,
  accuracy_m DOUBLE PRECISION NOT NULL,
  run SMALLINT NOT NULL,
  doubt_s DOUBLE PRECISION NOT NULL,
  doubt_lon DOUBLE PRECISION NOT NULL,
  doubt_lat DOUBLE PRECISION NOT NULL,
  doubt_accuracy_m DOUBLE PRECISION NOT NULL,
  CONSTRAINT pk_fence_mover PRIMARY KEY (mover_id, limit_mps)
)
 WITH (fillfactor = 70);

CREATE TABLE onemap.fence_life (
  fence_id BIGINT NOT NULL,
  stage TEXT NOT NULL,
  CONSTRAINT pk_fence_life PRIMARY KEY (fence_id)
);

CREATE TABLE onemap.fence_absence (
  fence_id BIGINT NOT NULL,
  who TEXT NOT NULL,
  window_at TIMESTAMP WITH TIME ZONE NOT NULL,
  since TIMESTAMP WITH TIME ZONE NOT NULL,
  told_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_fence_absence PRIMARY KEY (fence_id, who, window_at)
);

CREATE TABLE onemap.fence_event (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  fence_id BIGINT NOT NULL,
  fence_key TEXT NOT NULL,
  fence_name TEXT NOT NULL,
  mover_id BIGINT,
  mover_key TEXT,
  mover_name TEXT,
  kind TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  noted_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  lon DOUBLE PRECISION,
  lat DOUBLE PRECISION,
  probability DOUBLE PRECISION,
  distance_m DOUBLE PRECISION,
  accuracy_m DOUBLE PRECISION,
  value DOUBLE PRECISION,
  because TEXT DEFAULT '' NOT NULL,
  warning_key TEXT,
  CONSTRAINT pk_fence_event PRIMARY KEY (id)
);

CREATE INDEX ix_fence_event_at ON onemap.fence_event (at);

CREATE INDEX ix_fence_event_fence ON onemap.fence_event (fence_key, id);
