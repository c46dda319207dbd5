-- The boxes of some hazard points with their threatened zones, closed ones too: what is drawn around them lies near.
SELECT h.key, st_xmin(b.box) AS west, st_ymin(b.box) AS south, st_xmax(b.box) AS east, st_ymax(b.box) AS north
FROM onemap.hazard h
CROSS JOIN LATERAL (
  SELECT st_extent(g.geom) AS box
  FROM (SELECT h.geom UNION ALL SELECT z.geom FROM onemap.hazard_zone z WHERE z.hazard_key = h.key) AS g
) AS b
WHERE h.key = ANY(%(keys)s)
ORDER BY h.key
