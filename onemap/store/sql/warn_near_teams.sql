-- Teams by distance to a warning's zone: from the newest fresh position of a vehicle or device of theirs, else from base.
SELECT t.key, t.name, t.kind, t.status, t.members, p.source AS position, p.at AS position_at,
       st_distance(p.geom::geography, w.geom::geography) AS distance_m
FROM onemap.warning w
CROSS JOIN onemap.team t
CROSS JOIN LATERAL (
  SELECT geom, source, at FROM (
    SELECT m.geom, 'mover' AS source, m.seen_at AS at, 1 AS rank FROM onemap.mover m
    WHERE m.team_key = t.key AND m.kind IN ('vehicle', 'team_device') AND m.seen_at > %(fresh)s
    UNION ALL SELECT t.geom, 'base', NULL, 2
  ) AS spot
  ORDER BY rank, at DESC
  LIMIT 1
) AS p
WHERE w.key = %(key)s
ORDER BY (t.status = 'off'), distance_m, t.key
LIMIT 12
