-- The ground of one cell, from the rows of a resolution within lo..hi: means, the steepest slope, the direction of the
-- mean gradient, the class of most rows.
SELECT count(*)::int AS cells, avg(elevation_m) AS elevation_m, avg(slope_deg) AS slope_deg,
       max(slope_max_deg) AS slope_max_deg,
       CASE WHEN count(*) = 1 THEN min(aspect_deg)
            ELSE degrees(atan2(avg(tand(slope_deg) * sind(aspect_deg)), avg(tand(slope_deg) * cosd(aspect_deg)))) END
         AS aspect_deg,
       avg(curvature) AS curvature, avg(relief_m) AS relief_m, avg(wetness) AS wetness, max(flow_log) AS flow_log,
       avg(exposure) AS exposure, mode() WITHIN GROUP (ORDER BY landcover) AS landcover,
       avg(susceptibility) AS susceptibility, max(susceptibility) AS susceptibility_max,
       mode() WITHIN GROUP (ORDER BY raster) AS raster, max(at) AS at
FROM terrain_cell
WHERE res = %(res)s AND cell BETWEEN %(lo)s AND %(hi)s
HAVING count(*) > 0
