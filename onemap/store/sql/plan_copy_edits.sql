-- The log of a plan for a copy of it: version and time say later which rows both have.
INSERT INTO onemap.plan_edit
  (plan_key, version, at, by, kind, op, operation, text_zh, text_en, grids, delta, counts, of, undone)
SELECT c.key, e.version, e.at, e.by, e.kind, e.op, e.operation, e.text_zh, e.text_en, e.grids, e.delta, e.counts, e.of,
       e.undone
FROM onemap.plan c JOIN onemap.plan_edit e ON e.plan_key = %(other)s AND e.version <= c.version
WHERE c.key = %(key)s
