-- The last believed fix of movers under one speed limit.
INSERT INTO onemap.fence_mover (mover_id, limit_mps, taken_s, at_s, lon, lat, altitude_m, accuracy_m, run, doubt_s,
                                doubt_lon, doubt_lat, doubt_accuracy_m)
SELECT t.mover, %(limit)s, t.taken, t.at_s, t.lon, t.lat, t.alt, t.accuracy, t.run, t.doubt, t.doubt_lon, t.doubt_lat,
       t.doubt_accuracy
FROM unnest(%(movers)s::bigint[], %(takens)s::float8[], %(ats)s::float8[], %(lons)s::float8[], %(lats)s::float8[],
            %(alts)s::float8[], %(accuracies)s::float8[], %(runs)s::smallint[], %(doubts)s::float8[],
            %(doubt_lons)s::float8[], %(doubt_lats)s::float8[], %(doubt_accuracies)s::float8[])
     AS t (mover, taken, at_s, lon, lat, alt, accuracy, run, doubt, doubt_lon, doubt_lat, doubt_accuracy)
ON CONFLICT (mover_id, limit_mps) DO UPDATE
SET taken_s = excluded.taken_s, at_s = excluded.at_s, lon = excluded.lon, lat = excluded.lat,
    altitude_m = excluded.altitude_m, accuracy_m = excluded.accuracy_m, run = excluded.run,
    doubt_s = excluded.doubt_s, doubt_lon = excluded.doubt_lon, doubt_lat = excluded.doubt_lat,
    doubt_accuracy_m = excluded.doubt_accuracy_m
