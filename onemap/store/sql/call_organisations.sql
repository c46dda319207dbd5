-- Grids in force and areas down to the district's, with their parents and how many calls wait there.
SELECT o.code, o.name, o.rung, o.parent_code, o.team_key,
       (SELECT count(*)::int FROM onemap.call c WHERE c.org_code = o.code AND c.state = 'calling') AS waiting_calls
FROM (
  SELECT DISTINCT ON (g.code) g.code, coalesce(g.name, g.code) AS name, 'grid' AS rung,
         g.community_code AS parent_code, g.team_key, g.geom
  FROM onemap.grid_in_force g
  WHERE g.code IS NOT NULL
    AND (%(parent)s::text IS NULL OR g.community_code = %(parent)s::text)
    AND (%(code)s::text IS NULL OR g.code = %(code)s::text)
  ORDER BY g.code, g.valid_from DESC NULLS LAST
) AS o
WHERE %(area)s::bytea IS NULL OR st_intersects(o.geom, st_geomfromwkb(%(area)s::bytea, 4326))
UNION ALL
SELECT a.code, coalesce(a.name, a.code), a.level, a.parent_code, NULL,
       (SELECT count(*)::int FROM onemap.call c WHERE c.org_code = a.code AND c.state = 'calling')
FROM onemap.area a
WHERE a.level IN ('community', 'street', 'district') AND a.code IS NOT NULL
  AND (%(parent)s::text IS NULL OR a.parent_code = %(parent)s::text)
  AND (%(code)s::text IS NULL OR a.code = %(code)s::text)
  AND (%(area)s::bytea IS NULL OR st_intersects(a.geom, st_geomfromwkb(%(area)s::bytea, 4326)))
ORDER BY 3, 1
LIMIT %(limit)s
