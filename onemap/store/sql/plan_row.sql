-- Plans as the doors tell them; with an area only those whose scope lies in it.
SELECT p.key, p.name, p.note, p.base, p.scope, p.scope_name, p.model, p.state, p.version, p.edits, p.created_by,
       p.created_at, p.changed_at, p.submitted_by, p.submitted_at, p.decided_by, p.decided_at, p.effective_at, p.edition,
       p.state IN ('draft', 'submitted', 'approved')
         AND p.base IS DISTINCT FROM onemap.edition_in_force() AS behind,
       EXISTS (SELECT FROM onemap.edition_repair r WHERE r.edition = p.base) AS mended,
       (SELECT count(*)::int FROM onemap.plan_comment c WHERE c.plan_key = p.key AND NOT c.resolved) AS open_comments
FROM onemap.plan p
WHERE (%(key)s::text IS NULL OR p.key = %(key)s)
  AND (%(all)s OR p.state <> 'discarded')
  AND (%(area)s::bytea IS NULL OR EXISTS (
    SELECT FROM onemap.area a
    WHERE a.code = p.scope AND st_covers(st_geomfromwkb(%(area)s, 4326), a.geom)))
ORDER BY p.changed_at DESC
LIMIT %(limit)s
