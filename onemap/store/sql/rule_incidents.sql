-- Incidents reported in a time, of some categories (catalogue code or its beginning, or the kind); none: all.
SELECT st_x(geom) AS lon, st_y(geom) AS lat, coalesce(reported_at, occurred_at, sys_from) AS at
FROM onemap.incident
WHERE coalesce(reported_at, occurred_at, sys_from) > %(from)s
  AND coalesce(reported_at, occurred_at, sys_from) <= %(to)s
  AND (cardinality(%(categories)s::text[]) = 0 OR kind = ANY(%(categories)s) OR source = ANY(%(categories)s)
       OR EXISTS (SELECT 1 FROM unnest(%(categories)s::text[]) AS c (code) WHERE starts_with(incident.code, c.code)))
ORDER BY at
LIMIT %(limit)s
