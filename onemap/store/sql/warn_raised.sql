-- The thresholds of some hazard points that are raised now.
SELECT t.key, t.datastream_key, t.hazard_key, t.level, t.op, t.enter, t.leave, t.hold_s,
       s.last_at, s.last_value, s.since, s.raised
FROM onemap.threshold t
JOIN onemap.threshold_state s ON s.threshold_key = t.key
WHERE t.hazard_key = ANY(%(hazards)s) AND s.raised
ORDER BY t.key
