CREATE TABLE onemap.trend_run (
  category TEXT NOT NULL,
  day DATE NOT NULL,
  days INTEGER NOT NULL,
  city DOUBLE PRECISION[] NOT NULL,
  excess DOUBLE PRECISION NOT NULL,
  coverage JSONB NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_trend_run PRIMARY KEY (category)
);

CREATE TABLE onemap.trend_grid (
  category TEXT NOT NULL,
  grid_code TEXT NOT NULL,
  history INTEGER[] NOT NULL,
  total_30d INTEGER NOT NULL,
  coefficients DOUBLE PRECISION[] NOT NULL,
  alpha DOUBLE PRECISION NOT NULL,
  mean DOUBLE PRECISION[] NOT NULL,
  low_80 INTEGER[] NOT NULL,
  high_80 INTEGER[] NOT NULL,
  low_95 INTEGER[] NOT NULL,
  high_95 INTEGER[] NOT NULL,
  week DOUBLE PRECISION[] NOT NULL,
  change DOUBLE PRECISION NOT NULL,
  p DOUBLE PRECISION NOT NULL,
  q DOUBLE PRECISION NOT NULL,
  trend TEXT NOT NULL,
  CONSTRAINT pk_trend_grid PRIMARY KEY (category, grid_code)
);

CREATE TABLE onemap.publication (
  surface TEXT NOT NULL,
  secret BYTEA NOT NULL,
  through DATE,
  epoch INTEGER DEFAULT -1 NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_publication PRIMARY KEY (surface)
);

CREATE TABLE onemap.published_day (
  surface TEXT NOT NULL,
  day DATE NOT NULL,
  floor SMALLINT NOT NULL,
  CONSTRAINT pk_published_day PRIMARY KEY (surface, day)
);

CREATE TABLE onemap.published_count (
  surface TEXT NOT NULL,
  day DATE NOT NULL,
  cell BIGINT NOT NULL,
  category TEXT NOT NULL,
  n INTEGER NOT NULL,
  CONSTRAINT pk_published_count PRIMARY KEY (surface, day, cell, category)
);

CREATE INDEX ix_published_count_cell ON onemap.published_count (surface, cell);
