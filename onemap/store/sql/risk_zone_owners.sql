-- Hazard points that own, or once owned, some threatened zones.
SELECT hazard_key AS key FROM onemap.hazard_zone WHERE key = ANY(%(zones)s)
UNION SELECT hazard_key FROM onemap.hazard_zone_history WHERE key = ANY(%(zones)s)
