-- Who agreed to which repairs of which edition, with the ground that plans start from since.
CREATE TABLE onemap.edition_repair (
  edition TEXT NOT NULL,
  digest TEXT NOT NULL,
  token TEXT NOT NULL,
  tolerance_m FLOAT8 NOT NULL,
  accepted_by TEXT NOT NULL,
  accepted_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  told JSONB NOT NULL,
  ids TEXT[] NOT NULL,
  ground BYTEA NOT NULL,
  CONSTRAINT pk_edition_repair PRIMARY KEY (edition, digest)
);
