-- Grids of open ladders by state: those that an asker may see. Drills are not counted with what is real.
SELECT g.state, count(*)::int AS grids, sum(g.residents)::int AS residents, sum(g.households)::int AS households,
       min(g.asked_at) AS oldest
FROM onemap.calling g JOIN onemap.warning w ON w.key = g.warning_key
WHERE g.state <> 'closed' AND NOT coalesce(w.drill, false)
  AND (%(area)s::bytea IS NULL OR st_intersects(w.geom, st_geomfromwkb(%(area)s::bytea, 4326)))
GROUP BY g.state
