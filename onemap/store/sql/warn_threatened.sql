-- What stands in a warning's zone, and the zone itself.
SELECT count(b.id)::int AS buildings, sum(b.households)::int AS households, sum(b.residents)::int AS residents,
       st_asbinary(w.geom) AS wkb
FROM onemap.warning w
LEFT JOIN onemap.building b ON st_intersects(b.geom, w.geom)
WHERE w.key = %(key)s
GROUP BY w.id
