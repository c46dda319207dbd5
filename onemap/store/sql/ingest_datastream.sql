INSERT INTO onemap.datastream AS d (key, sensor_key, property, name, unit)
SELECT t.key, t.sensor_key, t.property, t.name, t.unit
FROM jsonb_to_recordset(%(rows)s) AS t (key text, sensor_key text, property text, name text, unit text)
ON CONFLICT (key) DO UPDATE
SET sensor_key = excluded.sensor_key, property = excluded.property, name = excluded.name, unit = excluded.unit
WHERE (d.sensor_key, d.property, d.name, d.unit)
      IS DISTINCT FROM (excluded.sensor_key, excluded.property, excluded.name, excluded.unit)
