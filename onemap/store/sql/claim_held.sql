-- A claimant's claim on a subject, as it is held now.
SELECT subject, claimant, drill_key, warning_key, join_key, level, source, kind, cause, at, since, name,
       st_asbinary(geom) AS wkb, hazard_key, rule_key, onset_at, valid_until, actions
FROM onemap.claim
WHERE subject = %(subject)s AND claimant = %(claimant)s AND drill_key = %(drill)s
