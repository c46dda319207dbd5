-- One shape for each grid with an open calling: the loudest of its warnings, real and drill apart. Where no grid is, the
-- area that stands in for it; where nothing is, the zone itself.
SELECT DISTINCT ON (g.grid_code, coalesce(w.drill, false), CASE WHEN g.grid_code = '' THEN g.warning_key END)
       g.warning_key, g.grid_code, g.grid_name, g.state, g.rung, g.team_key, t.name AS team_name, g.called_at,
       CASE WHEN g.state IN ('calling', 'unanswered') AND g.rung IS NOT NULL THEN g.due_at END AS deadline_at,
       g.answered_at, g.answered_by, g.second_due_at, g.second_at, g.report_due_at, g.households, g.residents,
       w.level, coalesce(w.drill, false) AS drill, st_asgeojson(shape.geom, 6) AS geometry
FROM onemap.calling g
JOIN onemap.warning w ON w.key = g.warning_key
LEFT JOIN onemap.ladder l ON l.warning_key = g.warning_key
LEFT JOIN onemap.team t ON t.key = g.team_key
CROSS JOIN LATERAL (
  SELECT coalesce(
    -- as it was when the warning called it; a grid that has been redrawn since is painted where it was called
    (SELECT o.geom FROM onemap.grid o WHERE o.code = g.grid_code
     ORDER BY (o.edition IS NOT DISTINCT FROM (SELECT onemap.edition_at(l.began_at))) DESC,
              o.valid_to DESC NULLS FIRST, o.valid_from DESC NULLS LAST LIMIT 1),
    (SELECT a.geom FROM onemap.area a WHERE a.code = g.grid_code LIMIT 1), w.geom) AS geom
) AS shape
WHERE g.state <> 'closed'
  AND (%(area)s::bytea IS NULL OR st_intersects(shape.geom, st_geomfromwkb(%(area)s::bytea, 4326)))
ORDER BY g.grid_code, coalesce(w.drill, false), CASE WHEN g.grid_code = '' THEN g.warning_key END,
         array_position(ARRAY['unanswered', 'calling', 'waiting', 'answered', 'confirmed'], g.state), w.level
LIMIT %(limit)s
