-- Mean intensity (mm/h) of each gauge in each hour since one: with its length in hours, the rain that fell in it.
SELECT d.sensor_key, date_trunc('hour', o.at) AS hour, avg(o.value)::float8 AS mm_per_h
FROM onemap.datastream d
JOIN onemap.observation o ON o.datastream_id = d.id AND o.at >= %(since)s AND o.at <= %(now)s AND o.value >= 0
WHERE d.property = ANY(%(properties)s)
GROUP BY 1, 2
ORDER BY 1, 2
