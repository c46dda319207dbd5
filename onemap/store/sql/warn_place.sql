-- Where a hazard point's warning lies and whom it threatens: its zone, or 200 m around it when it has none (around the
-- sensor when the point itself is not on the map). Counts are the point's own, or those of the buildings in the zone.
WITH zone AS (
  SELECT st_multi(st_collectionextract(st_union(geom), 3)) AS geom FROM onemap.hazard_zone WHERE hazard_key = %(hazard)s
), spot AS (
  SELECT coalesce((SELECT geom FROM onemap.hazard WHERE key = %(hazard)s),
                  (SELECT geom FROM onemap.sensor WHERE key = %(sensor)s)) AS geom
), place AS (
  SELECT coalesce(zone.geom, st_multi(st_buffer(spot.geom::geography, 200)::geometry)) AS geom, spot.geom AS spot
  FROM zone, spot
)
SELECT coalesce(h.name, %(hazard)s) AS name, st_asbinary(place.geom) AS wkb,
       coalesce(h.households, inside.households) AS households, coalesce(h.residents, inside.residents) AS residents
FROM place
LEFT JOIN onemap.hazard h ON h.key = %(hazard)s
CROSS JOIN LATERAL (
  SELECT sum(b.households)::int AS households, sum(b.residents)::int AS residents
  FROM onemap.building b WHERE st_intersects(b.geom, place.geom)
) AS inside
WHERE place.geom IS NOT NULL AND NOT st_isempty(place.geom)
