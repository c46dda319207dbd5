-- Only a newer fix moves a mover. Not every message tells the battery: the last known charge stays.
UPDATE onemap.mover m
SET geom = st_setsrid(st_makepoint(t.lon, t.lat), 4326), h3 = t.h3, altitude_m = t.altitude, heading_deg = t.heading,
    speed_mps = t.speed, accuracy_m = t.accuracy, battery_pct = coalesce(t.battery, m.battery_pct), seen_at = t.at,
    status = 'active', feed = %(feed)s, datum = %(datum)s
FROM unnest(%(ids)s::bigint[], %(ats)s::timestamptz[], %(lons)s::float8[], %(lats)s::float8[], %(cells)s::bigint[],
            %(altitudes)s::float8[], %(headings)s::float8[], %(speeds)s::float8[], %(accuracies)s::float8[],
            %(batteries)s::float8[])
     AS t (id, at, lon, lat, h3, altitude, heading, speed, accuracy, battery)
WHERE m.id = t.id AND (m.seen_at IS NULL OR m.seen_at < t.at)
