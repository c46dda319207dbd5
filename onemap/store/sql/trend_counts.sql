-- Counts by grid in force, the city's day and category. Incidents name their grid; those that name none, one of another
-- edition, or one that has been redrawn at some time, belong to the grid they lie in (on a shared edge, the one with the
-- lower code): the past is counted on today's ground.
WITH current_grid AS (
  SELECT g.code, g.geom,
         NOT EXISTS (SELECT FROM onemap.grid_lineage l WHERE l.code = g.code AND l.relation <> 'same') AS steady
  FROM onemap.grid_in_force g
  WHERE g.code IS NOT NULL
), counted AS (
  SELECT (e.hour AT TIME ZONE %(zone)s)::date AS day, e.category, e.n, i.geom, named.code AS grid_code
  FROM onemap.heat_event e
  JOIN onemap.incident i ON i.id = e.fid
  LEFT JOIN (SELECT DISTINCT code FROM current_grid WHERE steady) named ON named.code = i.grid_code
  WHERE e.surface = 'incidents' AND e.hour >= %(from)s AND e.hour < %(to)s
)
SELECT grid_code, day, category, sum(n)::int AS n
FROM (
  SELECT grid_code, day, category, n FROM counted WHERE grid_code IS NOT NULL
  UNION ALL
  SELECT found.code, c.day, c.category, c.n
  FROM counted c
  CROSS JOIN LATERAL (
    SELECT g.code FROM onemap.grid_in_force g
    WHERE st_covers(g.geom, c.geom) AND g.code IS NOT NULL
    ORDER BY g.code LIMIT 1
  ) found
  WHERE c.grid_code IS NULL
) AS placed
GROUP BY grid_code, day, category
