-- The fields around some hazard points, as their own parts hold them.
SELECT source_key AS hazard_key, array_agg(cell ORDER BY cell) AS cells,
       array_agg((detail->>'distance_m')::float8 ORDER BY cell) AS distance_m,
       array_agg((detail->>'residents')::float8 ORDER BY cell) AS residents
FROM onemap.risk_part
WHERE source_layer = 'hazard' AND source_key = ANY(%(hazards)s) AND kind = 'hazard'
GROUP BY source_key
