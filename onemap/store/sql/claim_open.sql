-- The open warning that a subject's claims belong to, or else one that claims with the same join key hold up; locked.
WITH found AS (
  SELECT w.key, 1 AS rank, w.raised_at FROM onemap.warning w
  WHERE w.state <> 'ended' AND w.subject = %(subject)s AND coalesce(w.drill_key, '') = %(drill)s
  UNION ALL
  SELECT w.key, 2, w.raised_at FROM onemap.claim c JOIN onemap.warning w ON w.key = c.warning_key
  WHERE c.subject = %(subject)s AND c.drill_key = %(drill)s AND w.state <> 'ended'
  UNION ALL
  SELECT w.key, 3, w.raised_at FROM onemap.claim c JOIN onemap.warning w ON w.key = c.warning_key
  WHERE c.join_key = %(join)s::text AND c.drill_key = %(drill)s AND w.state <> 'ended'
  ORDER BY 2, 3, 1
  LIMIT 1
)
SELECT w.key, w.hazard_key, w.subject, w.kind, w.source, w.rule_key, w.level, w.state, w.title, w.cause, w.raised_at,
       w.changed_at, w.drill, coalesce(w.drill_key, '') AS drill_key, w.households, w.residents, w.onset_at,
       w.valid_until, w.actions, w.episode, w.identifier, st_asbinary(w.geom) AS wkb
FROM onemap.warning w JOIN found ON found.key = w.key
FOR NO KEY UPDATE OF w
