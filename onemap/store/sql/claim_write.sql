INSERT INTO onemap.claim (subject, claimant, drill_key, warning_key, join_key, level, source, kind, cause, at, since, name,
                          geom, hazard_key, rule_key, onset_at, valid_until, actions)
VALUES (%(subject)s, %(claimant)s, %(drill)s, %(warning)s, %(join)s, %(level)s, %(source)s, %(kind)s, %(cause)s, %(at)s,
        %(since)s, %(name)s, st_setsrid(st_geomfromwkb(%(wkb)s), 4326), %(hazard)s, %(rule)s, %(onset_at)s,
        %(valid_until)s, %(actions)s)
ON CONFLICT (subject, claimant, drill_key) DO UPDATE
SET warning_key = excluded.warning_key, join_key = excluded.join_key, level = excluded.level, source = excluded.source,
    kind = excluded.kind, cause = excluded.cause, at = excluded.at, since = excluded.since, name = excluded.name,
    geom = excluded.geom, hazard_key = excluded.hazard_key, rule_key = excluded.rule_key, onset_at = excluded.onset_at,
    valid_until = excluded.valid_until, actions = excluded.actions
