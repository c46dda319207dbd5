-- Another declaration or another ground of a fence, where it is another.
UPDATE onemap.geofence
SET geom = st_multi(st_geomfromwkb(%(wkb)s, 4326)), h3 = %(h3)s, name = %(name)s, kind = %(kind)s,
    team_key = %(team_key)s, level = %(level)s, spec = %(spec)s, problem = NULL
WHERE key = %(key)s
  AND (spec IS DISTINCT FROM %(spec)s OR problem IS NOT NULL
       OR st_asbinary(geom) IS DISTINCT FROM st_asbinary(st_multi(st_geomfromwkb(%(wkb)s, 4326))))
