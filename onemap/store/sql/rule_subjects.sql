-- The objects that rules of a scope may apply to: key, name, a point inside, their attributes; areas with their shape.
SELECT 'hazard:' || h.key AS subject, coalesce(h.name, h.key) AS name, st_x(h.geom) AS lon, st_y(h.geom) AS lat,
       NULL::bytea AS wkb, jsonb_build_object('key', h.key, 'name', h.name, 'kind', h.kind, 'level', h.level,
         'slope_deg', h.slope_deg, 'status', h.status, 'grid_code', h.grid_code) AS attributes
FROM onemap.hazard h WHERE %(scope)s = 'hazard'
UNION ALL
SELECT 'sensor:' || s.key, coalesce(s.name, s.key), st_x(s.geom), st_y(s.geom), NULL,
       jsonb_build_object('key', s.key, 'name', s.name, 'kind', s.kind, 'status', s.status, 'hazard_key', s.hazard_key)
FROM onemap.sensor s WHERE %(scope)s = 'sensor'
UNION ALL
SELECT 'grid:' || coalesce(g.code, g.key), coalesce(g.name, g.key), st_x(st_pointonsurface(g.geom)), st_y(st_pointonsurface(g.geom)),
       st_asbinary(g.geom), jsonb_build_object('key', g.key, 'code', g.code, 'name', g.name, 'kind', g.kind,
         'community_code', g.community_code, 'area_m2', g.area_m2)
FROM onemap.grid_in_force g WHERE %(scope)s = 'grid'
UNION ALL
SELECT 'area:' || a.key, coalesce(a.name, a.key), st_x(st_pointonsurface(a.geom)), st_y(st_pointonsurface(a.geom)),
       st_asbinary(a.geom),
       jsonb_build_object('key', a.key, 'code', a.code, 'name', a.name, 'level', a.level, 'parent_code', a.parent_code)
FROM onemap.area a WHERE %(scope)s = 'area'
UNION ALL
SELECT 'fence:' || f.key, coalesce(f.name, f.key), st_x(st_pointonsurface(f.geom)), st_y(st_pointonsurface(f.geom)),
       st_asbinary(f.geom), jsonb_build_object('key', f.key, 'name', f.name, 'kind', f.kind, 'team_key', f.team_key)
FROM onemap.geofence f WHERE %(scope)s = 'fence'
ORDER BY subject
