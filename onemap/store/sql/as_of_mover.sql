-- Movers as of an instant: the version that was current then, at its newest fix received by then. Place and motion are volatile
-- columns (no history row for every fix): `fix` holds that past. A mover that had no fix yet is where it was registered
-- as long as it never had one, and nowhere otherwise: its present place would be a lie about the past. A mover whose
-- newest fix was ten minutes old is shown as lost.
SELECT m.id, m.key, p.geom, st_transform(p.geom, 3857) AS geom_3857, p.h3, m.feed, m.datum, m.sys_from, m.changed_by,
       m.name, m.kind, m.team_key, p.status, p.heading_deg, p.speed_mps, p.altitude_m, p.battery_pct, p.accuracy_m,
       p.seen_at
FROM (
  SELECT id, key, geom, h3, feed, datum, sys_from, changed_by, name, kind, team_key, status
  FROM onemap.mover WHERE sys_from <= %(instant)s
  UNION ALL
  SELECT id, key, geom, h3, feed, datum, sys_from, changed_by, name, kind, team_key, status
  FROM onemap.mover_history WHERE sys_from <= %(instant)s AND sys_to > %(instant)s
) m
CROSS JOIN LATERAL (
  (SELECT st_force2d(geom) AS geom, h3, CASE WHEN %(instant)s - at > interval '10 minutes' THEN 'lost' ELSE 'active' END
          AS status, heading_deg, speed_mps, st_z(geom) AS altitude_m, battery_pct, accuracy_m, at AS seen_at
   FROM onemap.fix WHERE mover_id = m.id AND at <= %(instant)s AND received_at <= %(instant)s ORDER BY at DESC LIMIT 1)
  UNION ALL
  SELECT m.geom, m.h3, m.status, NULL, NULL, NULL, NULL, NULL, NULL
  WHERE NOT EXISTS (SELECT 1 FROM onemap.fix WHERE mover_id = m.id)
) p
