INSERT INTO onemap.raster (name, kind, path, bounds, info)
VALUES (%(name)s, 'dem', %(path)s, st_setsrid(st_geomfromwkb(%(bounds)s), 4326), %(info)s)
ON CONFLICT (name) DO UPDATE
SET path = excluded.path, bounds = excluded.bounds, info = excluded.info, added_at = now()
