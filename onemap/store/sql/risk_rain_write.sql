INSERT INTO onemap.risk_rain (sensor_key, hour, mm)
SELECT * FROM unnest(%(sensors)s::text[], %(hours)s::timestamptz[], %(mm)s::float8[])
ON CONFLICT (sensor_key, hour) DO UPDATE SET mm = excluded.mm
