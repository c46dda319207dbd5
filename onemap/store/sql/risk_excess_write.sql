INSERT INTO onemap.risk_excess (surface, term, hazard_key, sensor_key, factor, said, west, south, east, north)
SELECT * FROM unnest(%(surface)s::text[], %(term)s::int2[], %(hazard_key)s::text[], %(sensor_key)s::text[],
                     %(factor)s::float8[], %(said)s::float8[], %(west)s::float8[], %(south)s::float8[],
                     %(east)s::float8[], %(north)s::float8[])
ON CONFLICT (surface, term, hazard_key, sensor_key) DO UPDATE
SET factor = excluded.factor, said = excluded.said, west = excluded.west, south = excluded.south, east = excluded.east,
    north = excluded.north
