-- The delivery that a receipt speaks of, and its alert, locked in the order in which everybody locks them.
WITH a AS (
  SELECT id FROM onemap.alert
  WHERE id = (SELECT alert_id FROM onemap.delivery WHERE idempotency_key = %(key)s) FOR NO KEY UPDATE
)
SELECT d.id, d.alert_id, d.kind, d.state, d.receipt, d.received_at
FROM onemap.delivery d JOIN a ON a.id = d.alert_id
WHERE d.idempotency_key = %(key)s FOR NO KEY UPDATE OF d
