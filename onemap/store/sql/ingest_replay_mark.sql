UPDATE onemap.quarantine SET replayed_at = now() WHERE id = %(id)s
