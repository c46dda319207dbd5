-- The newest reading taken of some datastreams, by any of their thresholds.
SELECT t.datastream_key, max(s.last_at) AS last_at
FROM onemap.threshold t JOIN onemap.threshold_state s ON s.threshold_key = t.key
WHERE t.datastream_key = ANY(%(datastreams)s) AND s.last_value <> 'NaN'
GROUP BY t.datastream_key
