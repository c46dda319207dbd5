-- The height of some cells at the finest resolutions of the terrain, with the place of each in the question.
SELECT asked.at::int AS at, c.elevation_m
FROM unnest(%(cells)s::bigint[]) WITH ORDINALITY AS asked (cell, at)
JOIN onemap.terrain_cell c ON c.res = %(res)s AND c.cell = asked.cell
