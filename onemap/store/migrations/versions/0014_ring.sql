ALTER TABLE onemap.delivery
  ADD COLUMN ring INTEGER DEFAULT 1 NOT NULL,
  DROP CONSTRAINT uq_delivery_alert_id_channel_id,
  ADD CONSTRAINT uq_delivery_alert_id_channel_id_ring UNIQUE (alert_id, channel_id, ring);
