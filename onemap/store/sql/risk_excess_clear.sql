DELETE FROM onemap.risk_excess e
USING unnest(%(surface)s::text[], %(term)s::int2[], %(hazard_key)s::text[], %(sensor_key)s::text[])
      AS gone (surface, term, hazard_key, sensor_key)
WHERE e.surface = gone.surface AND e.term = gone.term AND e.hazard_key = gone.hazard_key
  AND e.sensor_key = gone.sensor_key
