-- How many live in the buildings of a zone.
SELECT sum(b.households)::int AS households, sum(b.residents)::int AS residents
FROM onemap.building b
WHERE st_intersects(b.geom, st_setsrid(st_geomfromwkb(%(wkb)s), 4326))
