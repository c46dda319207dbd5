INSERT INTO onemap.risk_state (id, version, inputs, at) VALUES (1, %(version)s, %(inputs)s, %(at)s)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, inputs = excluded.inputs, at = excluded.at
