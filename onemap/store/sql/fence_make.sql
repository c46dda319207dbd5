-- A new declared fence.
INSERT INTO onemap.geofence (key, geom, h3, feed, name, kind, team_key, level, spec)
VALUES (%(key)s, st_multi(st_geomfromwkb(%(wkb)s, 4326)), %(h3)s, 'fences', %(name)s, %(kind)s, %(team_key)s,
        %(level)s, %(spec)s)
