-- The thresholds on some datastreams, and whether each has been evaluated before.
SELECT t.key, t.datastream_key, t.hazard_key, t.level, t.op, t.enter, t.leave, t.hold_s,
       s.threshold_key IS NOT NULL AS known
FROM onemap.threshold t
LEFT JOIN onemap.threshold_state s ON s.threshold_key = t.key
WHERE t.datastream_key = ANY(%(datastreams)s)
ORDER BY t.key
