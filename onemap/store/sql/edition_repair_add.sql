-- Whoever agrees first, counts: every plan of the edition starts from the same borders.
INSERT INTO onemap.edition_repair (edition, digest, token, tolerance_m, accepted_by, told, ids, ground)
VALUES (%(edition)s, %(digest)s, %(token)s, %(tolerance_m)s, %(by)s, %(told)s, %(ids)s, %(ground)s)
ON CONFLICT (edition, digest) DO NOTHING
