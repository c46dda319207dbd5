-- A row to lock for thresholds never evaluated; NaN says that no reading has been taken yet.
INSERT INTO onemap.threshold_state (threshold_key, last_at, last_value)
SELECT key, 'epoch', 'NaN' FROM unnest(%(keys)s::text[]) AS key ORDER BY key
ON CONFLICT DO NOTHING
