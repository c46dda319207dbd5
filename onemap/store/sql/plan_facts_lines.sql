-- Roads, railways, water and campuses that reach into a box (or all), as planning sees them.
SELECT 'road' AS layer, r.key, coalesce(r.class, '') AS kind, coalesce(r.name, '') AS name,
       coalesce(r.bridge, false) AS bridge, st_asbinary(r.geom) AS wkb
FROM onemap.road r
WHERE %(west)s::float8 IS NULL
   OR r.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
UNION ALL
SELECT 'water', w.key, coalesce(w.kind, ''), coalesce(w.name, ''), false, st_asbinary(w.geom)
FROM onemap.water w
WHERE %(west)s::float8 IS NULL
   OR w.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326)
UNION ALL
SELECT 'landuse', l.key, coalesce(l.kind, ''), coalesce(l.name, ''), false, st_asbinary(l.geom)
FROM onemap.landuse l
WHERE l.kind IN ('school', 'hospital')
  AND (%(west)s::float8 IS NULL
       OR l.geom && st_makeenvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8, %(north)s::float8, 4326))
ORDER BY 1, 2
