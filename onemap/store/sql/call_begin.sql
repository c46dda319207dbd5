-- One calling for each grid that a warning's zone meets, with who lives in the buildings of both; where no grid is, one
-- for the smallest area there, and one for nowhere when there is none: nobody threatened is left out of the count.
WITH warning AS (
  SELECT geom FROM onemap.warning WHERE key = %(key)s
), met AS (
  SELECT DISTINCT ON (g.code) g.code, coalesce(g.name, g.code) AS name, g.community_code
  FROM warning w JOIN onemap.grid_in_force g ON st_intersects(g.geom, w.geom) AND NOT st_touches(g.geom, w.geom)
  WHERE g.code IS NOT NULL
  ORDER BY g.code, g.valid_from DESC NULLS LAST
), area AS (
  SELECT a.code, coalesce(a.name, a.code) AS name,
         array_position(ARRAY['community', 'street', 'district'], a.level) AS rung, a.parent_code
  FROM onemap.area a WHERE a.level IN ('community', 'street', 'district')
), instead AS (
  SELECT coalesce(a.code, '') AS code, coalesce(a.name, '') AS name, a.rung
  FROM (SELECT) AS one
  LEFT JOIN LATERAL (
    SELECT a.code, a.name, array_position(ARRAY['community', 'street', 'district'], a.level) AS rung
    FROM warning w JOIN onemap.area a ON st_intersects(a.geom, w.geom)
    WHERE a.level IN ('community', 'street', 'district')
    ORDER BY rung, st_area(st_intersection(a.geom, w.geom)) DESC, a.code
    LIMIT 1
  ) AS a ON true
  WHERE NOT EXISTS (SELECT FROM met)
), place AS (
  SELECT m.code, m.name, m.community_code, s.code AS street_code, d.code AS district_code
  FROM met m
  LEFT JOIN area c ON c.code = m.community_code AND c.rung = 1
  LEFT JOIN area s ON s.code = c.parent_code AND s.rung = 2
  LEFT JOIN area d ON d.code = coalesce(s.parent_code, c.parent_code) AND d.rung = 3
  UNION ALL
  SELECT i.code, i.name, c.code, s.code, d.code
  FROM instead i
  LEFT JOIN area c ON c.code = i.code AND i.rung = 1
  LEFT JOIN area s ON s.code = CASE i.rung WHEN 2 THEN i.code ELSE c.parent_code END AND s.rung = 2
  LEFT JOIN area d ON d.code = CASE i.rung WHEN 3 THEN i.code ELSE coalesce(s.parent_code, c.parent_code) END
   AND d.rung = 3
), living AS (
  SELECT CASE WHEN EXISTS (SELECT FROM met) THEN b.grid_code ELSE i.code END AS code,
         sum(b.households)::int AS households, sum(b.residents)::int AS residents
  FROM warning w
  JOIN onemap.building b ON st_intersects(b.geom, w.geom)
  LEFT JOIN instead i ON true
  GROUP BY 1
)
INSERT INTO onemap.calling (warning_key, grid_code, grid_name, community_code, street_code, district_code, households,
                            residents, level, state, asked_at, due_at)
SELECT %(key)s, p.code, p.name, p.community_code, p.street_code, p.district_code, l.households, l.residents,
       %(level)s, 'waiting', %(at)s, %(due_at)s
FROM place p LEFT JOIN living l ON l.code = p.code
ORDER BY p.code
ON CONFLICT (warning_key, grid_code) DO UPDATE
SET households = excluded.households, residents = excluded.residents
WHERE (calling.households, calling.residents) IS DISTINCT FROM (excluded.households, excluded.residents)
