-- Boxes of all that spreads risk around it: hazard points, zones, standing sensors and new incidents.
SELECT st_xmin(g.geom) AS west, st_ymin(g.geom) AS south, st_xmax(g.geom) AS east, st_ymax(g.geom) AS north
FROM (
  SELECT geom FROM onemap.hazard WHERE status IS DISTINCT FROM 'closed'
  UNION ALL SELECT geom FROM onemap.hazard_zone
  UNION ALL SELECT geom FROM onemap.sensor WHERE kind = ANY(%(kinds)s)
  UNION ALL SELECT geom FROM onemap.incident
            WHERE coalesce(occurred_at, reported_at, sys_from) >= %(since)s AND kind || '-' || code LIKE ANY(%(codes)s)
) AS g
