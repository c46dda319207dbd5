UPDATE onemap.warning
SET level = %(level)s, state = %(state)s, title = %(title)s, cause = %(cause)s, changed_at = %(at)s,
    source = %(source)s, rule_key = %(rule_key)s, onset_at = %(onset_at)s, valid_until = %(valid_until)s,
    actions = %(actions)s, households = %(households)s, residents = %(residents)s,
    geom = coalesce(st_setsrid(st_geomfromwkb(%(wkb)s::bytea), 4326), geom), h3 = coalesce(%(h3)s::bigint, h3)
WHERE key = %(key)s
