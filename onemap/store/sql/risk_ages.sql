-- The newest news of each layer that a cell's risk rests on, in a box; readings of the sensors named.
SELECT 'hazard' AS layer, max(sys_from) AS newest FROM onemap.hazard WHERE geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
UNION ALL SELECT 'sensor', max(last_at) FROM onemap.datastream WHERE sensor_key = ANY(%(sensors)s)
UNION ALL SELECT 'incident', max(coalesce(occurred_at, reported_at, sys_from)) FROM onemap.incident
  WHERE geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
UNION ALL SELECT 'building', max(coalesce(residents_at, sys_from)) FROM onemap.building
  WHERE geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
UNION ALL SELECT 'team', max(sys_from) FROM onemap.team
UNION ALL SELECT 'camera', max(sys_from) FROM onemap.camera WHERE geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
UNION ALL SELECT 'terrain', (SELECT at FROM onemap.terrain_cell WHERE res = %(res)s AND cell = %(cell)s)
