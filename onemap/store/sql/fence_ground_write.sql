-- The ground that a fence's source gives now, or why there is none; what is the same changes nothing.
UPDATE onemap.geofence
SET geom = coalesce(st_multi(st_geomfromwkb(%(wkb)s::bytea, 4326)), geom), problem = %(problem)s
WHERE id = %(id)s
  AND (problem IS DISTINCT FROM %(problem)s::text
       OR st_asbinary(geom) IS DISTINCT FROM coalesce(st_asbinary(st_multi(st_geomfromwkb(%(wkb)s::bytea, 4326))), st_asbinary(geom)))
