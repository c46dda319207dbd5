INSERT INTO onemap.city (id, name, name_en, bounds, center, zoom, edition)
VALUES (1, %(name)s, %(name_en)s, %(bounds)s::float8[], %(center)s::float8[], %(zoom)s, %(edition)s)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, name_en = excluded.name_en, bounds = excluded.bounds, center = excluded.center,
    zoom = excluded.zoom, edition = excluded.edition
