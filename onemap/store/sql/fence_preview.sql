-- What stands inside a ground that is not on the map yet.
WITH ground AS (SELECT st_geomfromwkb(%(ground)s, 4326) AS geom, st_geomfromwkb(%(area)s::bytea, 4326) AS area),
houses AS (
  SELECT count(*)::int AS buildings, sum(b.households)::int AS households, sum(b.residents)::int AS residents
  FROM ground JOIN onemap.building b ON st_intersects(b.geom, ground.geom)
   AND (area IS NULL OR st_intersects(b.geom, area)))
SELECT st_area(geom::geography) AS area_m2, houses.*,
       (SELECT count(*)::int FROM onemap.hazard h WHERE st_intersects(h.geom, ground.geom)
         AND (area IS NULL OR st_intersects(h.geom, area))) AS hazards,
       (SELECT count(*)::int FROM onemap.camera c WHERE st_intersects(c.geom, ground.geom)
         AND (area IS NULL OR st_intersects(c.geom, area))) AS cameras,
       ARRAY(SELECT g.code FROM onemap.grid_in_force g
             WHERE st_intersects(g.geom, ground.geom) AND (area IS NULL OR st_intersects(g.geom, area))
             ORDER BY g.code LIMIT 500) AS grids
FROM ground, houses
