-- The zone that a hazard point threatens, by the point's key or its own.
SELECT st_asbinary(geom) AS wkb FROM onemap.hazard_zone WHERE hazard_key = %(key)s OR key = %(key)s ORDER BY key
