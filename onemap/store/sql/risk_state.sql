-- What the scores were computed with.
SELECT version, inputs, at FROM onemap.risk_state WHERE id = 1
