CREATE TABLE onemap.claim (
  subject TEXT NOT NULL,
  claimant TEXT NOT NULL,
  drill_key TEXT DEFAULT '' NOT NULL,
  warning_key TEXT,
  join_key TEXT,
  level SMALLINT NOT NULL,
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  cause JSONB NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  since TIMESTAMP WITH TIME ZONE,
  name TEXT NOT NULL,
  geom geometry(MULTIPOLYGON,4326) NOT NULL,
  hazard_key TEXT,
  rule_key TEXT,
  onset_at TIMESTAMP WITH TIME ZONE,
  valid_until TIMESTAMP WITH TIME ZONE,
  actions TEXT,
  CONSTRAINT pk_claim PRIMARY KEY (subject, claimant, drill_key)
);

CREATE INDEX ix_claim_join ON onemap.claim (join_key) WHERE join_key IS NOT NULL;

CREATE INDEX ix_claim_valid ON onemap.claim (valid_until) WHERE valid_until IS NOT NULL;

CREATE INDEX ix_claim_warning ON onemap.claim (warning_key);

CREATE TABLE onemap.message (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  identifier TEXT NOT NULL,
  warning_key TEXT NOT NULL,
  what TEXT NOT NULL,
  msg_type TEXT NOT NULL,
  status TEXT NOT NULL,
  sender TEXT NOT NULL,
  sent TIMESTAMP WITH TIME ZONE NOT NULL,
  expires TIMESTAMP WITH TIME ZONE NOT NULL,
  level SMALLINT NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  refs TEXT[] NOT NULL,
  sha256 TEXT NOT NULL,
  cap BYTEA NOT NULL,
  CONSTRAINT pk_message PRIMARY KEY (id),
  CONSTRAINT uq_message_identifier UNIQUE (identifier)
);

CREATE INDEX ix_message_sent ON onemap.message (sent);

CREATE INDEX ix_message_warning ON onemap.message (warning_key, id);

CREATE TABLE onemap.cap_received (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  sender TEXT NOT NULL,
  identifier TEXT NOT NULL,
  sent TEXT NOT NULL,
  status TEXT NOT NULL,
  msg_type TEXT NOT NULL,
  subject TEXT NOT NULL,
  signature TEXT NOT NULL,
  stored BOOLEAN NOT NULL,
  note TEXT DEFAULT '' NOT NULL,
  raw_id BIGINT,
  at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  CONSTRAINT pk_cap_received PRIMARY KEY (id),
  CONSTRAINT uq_cap_received_sender_identifier_sent UNIQUE (sender, identifier, sent)
);

CREATE INDEX ix_cap_received_subject ON onemap.cap_received (subject);

CREATE INDEX ix_warning_open ON onemap.warning (subject) WHERE state <> 'ended';

-- A message is what was told at one instant: telling it otherwise later would be a lie.
CREATE FUNCTION onemap.keep_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a message is never changed';
END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON onemap.message FOR EACH ROW EXECUTE FUNCTION onemap.keep_message();

-- Warnings that stand while this migration runs are held up by their thresholds, as before.
INSERT INTO onemap.claim (subject, claimant, warning_key, level, source, kind, cause, at, name, geom, hazard_key)
SELECT DISTINCT ON (subject) subject, 'threshold:' || hazard_key, key, level, 'threshold', 'geohazard',
       coalesce(cause, '{}'), coalesce(changed_at, raised_at, now()), coalesce(title, hazard_key), geom, hazard_key
FROM onemap.warning WHERE state <> 'ended' AND hazard_key IS NOT NULL
ORDER BY subject, raised_at DESC;
