-- A fix without altitude stands at height 0.
INSERT INTO onemap.fix (mover_id, at, geom, h3, heading_deg, speed_mps, accuracy_m, battery_pct, raw_id)
SELECT t.mover_id, t.at, st_setsrid(st_makepoint(t.lon, t.lat, coalesce(t.altitude, 0)), 4326), t.h3, t.heading,
       t.speed, t.accuracy, t.battery, t.raw_id
FROM unnest(%(movers)s::bigint[], %(ats)s::timestamptz[], %(lons)s::float8[], %(lats)s::float8[],
            %(altitudes)s::float8[], %(cells)s::bigint[], %(headings)s::float8[], %(speeds)s::float8[],
            %(accuracies)s::float8[], %(batteries)s::float8[], %(raws)s::bigint[])
     AS t (mover_id, at, lon, lat, altitude, h3, heading, speed, accuracy, battery, raw_id)
ORDER BY t.mover_id, t.at
ON CONFLICT (mover_id, at) DO NOTHING
RETURNING mover_id, at
