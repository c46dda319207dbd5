SELECT key, name, kind, level, households, residents, contact_role, slope_deg, grid_code, status,
       st_x(geom) AS lon, st_y(geom) AS lat
FROM onemap.hazard WHERE key = %(hazard)s
