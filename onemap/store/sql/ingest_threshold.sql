INSERT INTO onemap.threshold AS h (key, datastream_key, hazard_key, level, op, enter, leave, hold_s)
SELECT t.key, t.datastream_key, t.hazard_key, t.level, coalesce(t.op, '>='), t.enter, t.leave, coalesce(t.hold_s, 0)
FROM jsonb_to_recordset(%(rows)s)
     AS t (key text, datastream_key text, hazard_key text, level smallint, op text, enter float8, leave float8,
           hold_s float8)
ON CONFLICT (key) DO UPDATE
SET datastream_key = excluded.datastream_key, hazard_key = excluded.hazard_key, level = excluded.level,
    op = excluded.op, enter = excluded.enter, leave = excluded.leave, hold_s = excluded.hold_s
WHERE (h.datastream_key, h.hazard_key, h.level, h.op, h.enter, h.leave, h.hold_s)
      IS DISTINCT FROM (excluded.datastream_key, excluded.hazard_key, excluded.level, excluded.op, excluded.enter,
                        excluded.leave, excluded.hold_s)
