-- Sensors as of an instant: the version that was current then, with the newest reading that was there by then: observed
-- and received, since what arrived late was not known.
-- The layer's last_* columns are volatile (no history row for every reading): observations hold that past.
SELECT s.id, s.key, s.geom, s.geom_3857, s.h3, s.feed, s.datum, s.sys_from, s.changed_by,
       s.name, s.kind, s.hazard_key, s.status, o.value AS last_value, o.unit AS last_unit, o.at AS last_at
FROM (
  SELECT id, key, geom, geom_3857, h3, feed, datum, sys_from, changed_by, name, kind, hazard_key, status
  FROM onemap.sensor WHERE sys_from <= %(instant)s
  UNION ALL
  SELECT id, key, geom, geom_3857, h3, feed, datum, sys_from, changed_by, name, kind, hazard_key, status
  FROM onemap.sensor_history WHERE sys_from <= %(instant)s AND sys_to > %(instant)s
) s
LEFT JOIN LATERAL (
  SELECT last.value, d.unit, last.at
  FROM onemap.datastream d
  CROSS JOIN LATERAL (
    SELECT value, at FROM onemap.observation
    WHERE datastream_id = d.id AND at <= %(instant)s AND received_at <= %(instant)s ORDER BY at DESC LIMIT 1
  ) last
  WHERE d.sensor_key = s.key
  ORDER BY last.at DESC, d.id LIMIT 1
) o ON true
