-- What was agreed to for an edition as its rows were then.
SELECT token, tolerance_m, accepted_by, accepted_at, told, ids, ground
FROM onemap.edition_repair
WHERE edition = %(edition)s AND digest = %(digest)s
