-- Hazard points that have a threshold, by how many people they threaten: what a scenario's points stand for.
SELECT h.key, h.name, h.residents, st_x(h.geom) AS lon, st_y(h.geom) AS lat
FROM onemap.hazard h
WHERE EXISTS (SELECT FROM onemap.threshold t WHERE t.hazard_key = h.key)
ORDER BY h.residents DESC NULLS LAST, h.key
LIMIT %(limit)s
