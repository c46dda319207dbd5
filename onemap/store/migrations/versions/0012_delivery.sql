CREATE TABLE onemap.channel (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  team_key TEXT,
  kind TEXT NOT NULL,
  title TEXT DEFAULT '' NOT NULL,
  url TEXT DEFAULT '' NOT NULL,
  secret TEXT DEFAULT '' NOT NULL,
  rank SMALLINT DEFAULT 1 NOT NULL,
  wait_s DOUBLE PRECISION DEFAULT 60 NOT NULL,
  worst_level SMALLINT DEFAULT 4 NOT NULL,
  hours TEXT DEFAULT '0-24' NOT NULL,
  hour_bits INTEGER DEFAULT 16777215 NOT NULL,
  zone TEXT DEFAULT 'Asia/Shanghai' NOT NULL,
  enabled BOOLEAN DEFAULT true NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  deleted_at TIMESTAMP WITH TIME ZONE,
  holder TEXT,
  leased_until TIMESTAMP WITH TIME ZONE,
  failures INTEGER DEFAULT 0 NOT NULL,
  retry_at TIMESTAMP WITH TIME ZONE,
  last_ok_at TIMESTAMP WITH TIME ZONE,
  last_error TEXT,
  CONSTRAINT pk_channel PRIMARY KEY (id)
);

CREATE UNIQUE INDEX uq_channel_live ON onemap.channel (kind) WHERE kind = 'live';

-- The live page is a channel that is always there.
INSERT INTO onemap.channel (kind, title) VALUES ('live', '在线页面 Live page');

ALTER TABLE onemap.channel ADD COLUMN webhook_id BIGINT;

INSERT INTO onemap.channel (kind, team_key, url, secret, enabled, webhook_id)
SELECT 'webhook', team_key, url, secret, enabled, id FROM onemap.webhook ORDER BY id;

ALTER TABLE onemap.delivery
  ADD COLUMN channel_id BIGINT,
  ADD COLUMN rank SMALLINT DEFAULT 1 NOT NULL,
  ADD COLUMN created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  ADD COLUMN give_up_at TIMESTAMP WITH TIME ZONE DEFAULT now() + interval '48 hours' NOT NULL,
  ADD COLUMN sent_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN received_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN receipt TEXT,
  ADD COLUMN seen_at TIMESTAMP WITH TIME ZONE;

ALTER TABLE onemap.delivery RENAME COLUMN channel TO kind;

UPDATE onemap.delivery d
SET created_at = a.created_at,
    give_up_at = a.created_at + interval '48 hours',
    sent_at = d.delivered_at,
    -- Whoever let the old letters die has long known of it.
    seen_at = CASE WHEN d.state = 'dead' THEN now() END,
    channel_id = (
      SELECT c.id FROM onemap.channel c
      WHERE CASE WHEN d.kind = 'live' THEN c.kind = 'live' ELSE c.webhook_id = d.webhook_id END)
FROM onemap.alert a
WHERE a.id = d.alert_id;

ALTER TABLE onemap.delivery
  DROP COLUMN webhook_id,
  ALTER COLUMN idempotency_key SET DEFAULT gen_random_uuid()::text,
  ADD CONSTRAINT uq_delivery_alert_id_channel_id UNIQUE (alert_id, channel_id),
  ALTER COLUMN channel_id SET NOT NULL,
  ADD CONSTRAINT fk_delivery_channel_id FOREIGN KEY (channel_id) REFERENCES onemap.channel (id);

ALTER TABLE onemap.channel DROP COLUMN webhook_id;

DROP TABLE onemap.webhook;

DROP INDEX onemap.ix_delivery_due;

CREATE INDEX ix_delivery_lane ON onemap.delivery (channel_id, id) WHERE state IN ('queued', 'sending');

CREATE INDEX ix_delivery_held ON onemap.delivery (next_at) WHERE state = 'held';

CREATE INDEX ix_delivery_dead ON onemap.delivery (id) WHERE state = 'dead' AND seen_at IS NULL;

CREATE INDEX ix_delivery_created_at ON onemap.delivery (created_at);
