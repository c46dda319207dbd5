-- Find datastreams and hold them: every transaction takes them in the same order, so none waits in a ring.
SELECT id, key, sensor_key, unit
FROM onemap.datastream
WHERE key = ANY (%(keys)s)
ORDER BY id
FOR NO KEY UPDATE
