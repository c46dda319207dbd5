INSERT INTO onemap.warning (key, geom, h3, feed, hazard_key, subject, kind, source, rule_key, calling, level, state, title,
                            cause, raised_at, changed_at, onset_at, valid_until, actions, episode, drill, drill_key,
                            households, residents)
VALUES (%(key)s, st_setsrid(st_geomfromwkb(%(wkb)s), 4326), %(h3)s, 'warnings', %(hazard_key)s, %(subject)s, %(kind)s,
        %(source)s, %(rule_key)s, 'none', %(level)s, 'active', %(title)s, %(cause)s, %(at)s, %(at)s, %(onset_at)s,
        %(valid_until)s, %(actions)s, %(episode)s, %(drill)s, %(drill_key)s, %(households)s, %(residents)s)
