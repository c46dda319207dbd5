CREATE TABLE onemap.heat_forecast (
  category TEXT NOT NULL,
  horizon TEXT NOT NULL,
  cell BIGINT NOT NULL,
  res SMALLINT NOT NULL,
  mean DOUBLE PRECISION NOT NULL,
  parts DOUBLE PRECISION[] NOT NULL,
  events INTEGER[] NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_heat_forecast PRIMARY KEY (category, horizon, cell)
);

CREATE TABLE onemap.heat_backtest (
  category TEXT NOT NULL,
  run TIMESTAMP WITH TIME ZONE NOT NULL,
  horizon TEXT NOT NULL,
  shown BOOLEAN NOT NULL,
  verdict JSONB NOT NULL,
  told JSONB NOT NULL,
  about JSONB NOT NULL,
  CONSTRAINT pk_heat_backtest PRIMARY KEY (category, run, horizon)
);
