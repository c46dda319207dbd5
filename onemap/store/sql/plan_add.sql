-- A row of a plan's log, and the plan at its version: one trip. The plan's row is locked by the caller.
WITH new AS (
  INSERT INTO onemap.plan_edit (plan_key, version, by, kind, op, operation, text_zh, text_en, grids, delta, of)
  VALUES (%(key)s, %(version)s, %(by)s, %(kind)s, %(op)s, %(operation)s, %(zh)s, %(en)s, %(grids)s, %(delta)s, %(of)s)
  RETURNING at
)
UPDATE onemap.plan SET version = %(version)s, changed_at = clock_timestamp(), edits = edits + %(more)s
WHERE key = %(key)s
RETURNING (SELECT at FROM new) AS at
