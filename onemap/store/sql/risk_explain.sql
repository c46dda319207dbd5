-- The parts of one finest cell, greatest first, under the names of their sources.
SELECT p.source_layer, p.source_key, coalesce(h.name, s.name, p.source_key) AS name, split_part(p.kind, ':', 1) AS kind,
       p.value, p.detail, coalesce((p.detail->>'at')::timestamptz, p.at) AS at
FROM onemap.risk_part p
LEFT JOIN onemap.hazard h ON p.source_layer = 'hazard' AND h.key = p.source_key
LEFT JOIN onemap.sensor s ON p.source_layer = 'sensor' AND s.key = p.source_key
WHERE p.cell = %(cell)s
ORDER BY p.value DESC, p.source_key, p.kind
