-- Counts by grid of the current edition, the city's day and category. Incidents name their grid; those that name none,
-- or one of another edition, belong to the grid they lie in (on a shared edge, the one with the lower code).
WITH current_grid AS (
  SELECT g.code, g.geom
  FROM onemap.grid g
  WHERE g.code IS NOT NULL
    AND g.edition IS NOT DISTINCT FROM
        coalesce((SELECT nullif(edition, '') FROM onemap.city), (SELECT max(edition) FROM onemap.grid))
    AND (g.valid_to IS NULL OR g.valid_to > now())
), counted AS (
  SELECT (e.hour AT TIME ZONE %(zone)s)::date AS day, e.category, e.n, i.geom, named.code AS grid_code
  FROM onemap.heat_event e
  JOIN onemap.incident i ON i.id = e.fid
  LEFT JOIN (SELECT DISTINCT code FROM current_grid) named ON named.code = i.grid_code
  WHERE e.surface = 'incidents' AND e.hour >= %(from)s AND e.hour < %(to)s
)
SELECT grid_code, day, category, sum(n)::int AS n
FROM (
  SELECT grid_code, day, category, n FROM counted WHERE grid_code IS NOT NULL
  UNION ALL
  SELECT found.code, c.day, c.category, c.n
  FROM counted c
  CROSS JOIN LATERAL (
    SELECT g.code FROM onemap.grid g
    WHERE st_covers(g.geom, c.geom) AND g.code IN (SELECT code FROM current_grid)
      AND g.edition IS NOT DISTINCT FROM
          coalesce((SELECT nullif(edition, '') FROM onemap.city), (SELECT max(edition) FROM onemap.grid))
    ORDER BY g.code LIMIT 1
  ) found
  WHERE c.grid_code IS NULL
) AS placed
GROUP BY grid_code, day, category
