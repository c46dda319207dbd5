-- Those of the datastreams whose sensor stands inside an area.
SELECT d.key FROM onemap.datastream d JOIN onemap.sensor s ON s.key = d.sensor_key
WHERE d.key = ANY(%(keys)s) AND st_intersects(s.geom, st_geomfromwkb(%(area)s, 4326))
