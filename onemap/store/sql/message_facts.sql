-- What a message says of a warning: the warning, its zone, the areas it meets (the finest level of which there are few
-- enough to name), who tells it, and what was told of it before, oldest first.
WITH w AS (SELECT * FROM onemap.warning WHERE key = %(key)s), met AS (
  SELECT a.level, a.code, coalesce(a.name, a.code) AS name, count(*) OVER (PARTITION BY a.level) AS number
  FROM w JOIN onemap.area a ON st_intersects(a.geom, w.geom)
  WHERE a.level IN ('district', 'street', 'community') AND a.code IS NOT NULL
), chosen AS (
  SELECT level FROM met WHERE number <= CASE level WHEN 'district' THEN 100 ELSE 20 END
  ORDER BY array_position(ARRAY['community', 'street', 'district'], level) LIMIT 1
)
SELECT w.key, w.subject, w.kind, w.source, w.level, w.state, w.title, w.cause, w.raised_at, w.changed_at, w.onset_at,
       w.valid_until, w.actions, coalesce(w.drill, false) AS drill, w.drill_key, st_asbinary(w.geom) AS wkb,
       (SELECT coalesce(json_agg(json_build_array(met.code, met.name) ORDER BY met.code), '[]')
        FROM met JOIN chosen USING (level)) AS areas,
       (SELECT name FROM onemap.city LIMIT 1) AS city,
       (SELECT left(code, 6) FROM onemap.area WHERE level IN ('city', 'district') AND code ~ '^[0-9]{6}'
        ORDER BY (level = 'city') DESC, code LIMIT 1) AS division,
       (SELECT coalesce(json_agg(json_build_array(m.sender, m.identifier, m.sent) ORDER BY m.id), '[]')
        FROM onemap.message m WHERE m.warning_key = w.key) AS earlier
FROM w
