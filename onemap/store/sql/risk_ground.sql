-- What the elevation model says of cells: of some ranges, and of single ones.
SELECT t.cell, t.elevation_m, t.susceptibility, t.wetness, t.raster
FROM unnest(%(lo)s::bigint[], %(hi)s::bigint[]) AS span (lo, hi)
JOIN onemap.terrain_cell t ON t.res = %(res)s AND t.cell BETWEEN span.lo AND span.hi
UNION
SELECT t.cell, t.elevation_m, t.susceptibility, t.wetness, t.raster
FROM onemap.terrain_cell t WHERE t.res = %(res)s AND t.cell = ANY(%(cells)s)
