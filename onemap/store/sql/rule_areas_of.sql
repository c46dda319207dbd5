-- The codes of the areas that some points lie in, with the place of each in the question.
SELECT p.at::int AS at, a.code
FROM unnest(%(lon)s::float8[], %(lat)s::float8[]) WITH ORDINALITY AS p (lon, lat, at)
JOIN onemap.area a ON st_covers(a.geom, st_setsrid(st_makepoint(p.lon, p.lat), 4326))
WHERE a.code IS NOT NULL
