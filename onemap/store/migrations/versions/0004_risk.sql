DROP TABLE onemap.risk_part;

CREATE TABLE onemap.risk_chunk (
  surface TEXT NOT NULL,
  chunk BIGINT NOT NULL,
  cells BIGINT[] NOT NULL,
  score DOUBLE PRECISION[] NOT NULL,
  factors BYTEA NOT NULL,
  sources JSONB NOT NULL,
  parts BYTEA NOT NULL,
  worst DOUBLE PRECISION NOT NULL,
  digest BYTEA NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_risk_chunk PRIMARY KEY (surface, chunk)
);

CREATE TABLE onemap.risk_past (
  hour TIMESTAMP WITH TIME ZONE NOT NULL,
  surface TEXT NOT NULL,
  chunk BIGINT NOT NULL,
  cells BIGINT[] NOT NULL,
  score DOUBLE PRECISION[] NOT NULL,
  factors BYTEA NOT NULL,
  sources JSONB NOT NULL,
  parts BYTEA NOT NULL,
  CONSTRAINT pk_risk_past PRIMARY KEY (surface, chunk, hour)
);

CREATE TABLE onemap.risk_excess (
  surface TEXT NOT NULL,
  term SMALLINT NOT NULL,
  hazard_key TEXT NOT NULL,
  sensor_key TEXT NOT NULL,
  factor DOUBLE PRECISION NOT NULL,
  said DOUBLE PRECISION NOT NULL,
  west DOUBLE PRECISION NOT NULL,
  south DOUBLE PRECISION NOT NULL,
  east DOUBLE PRECISION NOT NULL,
  north DOUBLE PRECISION NOT NULL,
  CONSTRAINT pk_risk_excess PRIMARY KEY (surface, term, hazard_key, sensor_key)
);

CREATE TABLE onemap.risk_rain (
  sensor_key TEXT NOT NULL,
  hour TIMESTAMP WITH TIME ZONE NOT NULL,
  mm DOUBLE PRECISION NOT NULL,
  CONSTRAINT pk_risk_rain PRIMARY KEY (sensor_key, hour)
);

CREATE TABLE onemap.risk_state (
  id INTEGER NOT NULL,
  version BIGINT NOT NULL,
  inputs JSONB NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_risk_state PRIMARY KEY (id)
);

DELETE FROM onemap.consumer WHERE name = 'risk';
