-- Every claim that holds a warning up, worst first and among equals the newest; the first subject's name leads the title.
SELECT subject, claimant, level, source, kind, cause, at, since, name, st_asbinary(geom) AS wkb, hazard_key, rule_key,
       onset_at, valid_until, actions
FROM onemap.claim
WHERE warning_key = %(warning)s
ORDER BY level, at DESC, subject, claimant
