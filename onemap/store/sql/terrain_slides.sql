-- Where something is known to slide.
SELECT st_x(geom) AS lon, st_y(geom) AS lat FROM hazard WHERE kind = ANY(%(kinds)s) ORDER BY key
