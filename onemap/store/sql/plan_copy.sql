-- A plan branched off another one: at its version, as a draft.
INSERT INTO onemap.plan (key, name, note, base, scope, scope_name, model, version, edits, copy_of, created_by)
SELECT %(key)s, %(name)s, %(note)s, base, scope, scope_name, model, version, edits, key, %(by)s
FROM onemap.plan WHERE key = %(other)s
