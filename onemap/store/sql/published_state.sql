-- How far a surface is published, and which counting of it is the present one.
SELECT p.through, p.at, coalesce(p.epoch, -1) AS published_epoch, coalesce(s.epoch, 0) AS epoch
FROM (SELECT %(surface)s::text AS surface) AS wanted
LEFT JOIN onemap.publication p USING (surface)
LEFT JOIN onemap.heat_state s USING (surface)
