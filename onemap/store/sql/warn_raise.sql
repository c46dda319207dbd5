INSERT INTO onemap.warning (key, geom, h3, feed, hazard_key, subject, kind, source, calling, level, state, title, cause,
                            raised_at, changed_at, drill, households, residents)
VALUES (%(key)s, st_setsrid(st_geomfromwkb(%(wkb)s), 4326), %(h3)s, 'warnings', %(hazard)s, 'hazard:' || %(hazard)s,
        'geohazard', 'threshold', 'none', %(level)s, 'active', %(title)s, %(cause)s, %(at)s, %(at)s, false,
        %(households)s, %(residents)s)
