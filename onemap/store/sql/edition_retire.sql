-- The grids of an edition go out of force.
UPDATE onemap.grid SET valid_to = now() WHERE edition = %(edition)s AND (valid_to IS NULL OR valid_to > now())
