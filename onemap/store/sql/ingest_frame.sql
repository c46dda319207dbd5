-- Where the map opens after an import: at what came in, if it lies beside the present city or there is none yet.
INSERT INTO city AS c (id, name, bounds, center, zoom)
SELECT 1,
       coalesce((SELECT a.name FROM area a
                 WHERE a.geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
                   AND nullif(a.name, '') IS NOT NULL
                 ORDER BY st_area(a.geom) DESC LIMIT 1), %(name)s),
       ARRAY[%(west)s, %(south)s, %(east)s, %(north)s]::double precision[],
       ARRAY[(%(west)s + %(east)s) / 2, (%(south)s + %(north)s) / 2]::double precision[],
       %(zoom)s
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, name_en = '', bounds = excluded.bounds, center = excluded.center, zoom = excluded.zoom
WHERE NOT st_intersects(st_makeenvelope(c.bounds[1], c.bounds[2], c.bounds[3], c.bounds[4], 4326),
                        st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326))
RETURNING name
