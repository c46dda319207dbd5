-- Repairs of an edition that were agreed to, the newest first.
SELECT told, accepted_by, accepted_at FROM onemap.edition_repair WHERE edition = %(edition)s
ORDER BY accepted_at DESC LIMIT 20
