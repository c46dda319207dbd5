CREATE TABLE onemap.terrain_cell (
  res SMALLINT NOT NULL,
  cell BIGINT NOT NULL,
  elevation_m DOUBLE PRECISION NOT NULL,
  slope_deg DOUBLE PRECISION NOT NULL,
  slope_max_deg DOUBLE PRECISION NOT NULL,
  aspect_deg DOUBLE PRECISION,
  curvature DOUBLE PRECISION,
  relief_m DOUBLE PRECISION,
  wetness DOUBLE PRECISION,
  flow_log DOUBLE PRECISION,
  exposure DOUBLE PRECISION,
  landcover TEXT,
  susceptibility DOUBLE PRECISION,
  raster TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_terrain_cell PRIMARY KEY (res, cell)
);

CREATE TABLE onemap.terrain_run (
  id INTEGER DEFAULT 1 NOT NULL,
  inputs TEXT NOT NULL,
  cells INTEGER NOT NULL,
  model JSONB NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_terrain_run PRIMARY KEY (id)
);
