-- The ground of some cells of one resolution, with the place of each in the question.
SELECT asked.at::int AS at, c.elevation_m, c.slope_deg, c.slope_max_deg, c.aspect_deg, c.curvature, c.relief_m,
       c.wetness, c.flow_log, c.exposure, c.landcover, c.susceptibility
FROM unnest(%(cells)s::bigint[]) WITH ORDINALITY AS asked (cell, at)
JOIN terrain_cell c ON c.res = %(res)s AND c.cell = asked.cell
