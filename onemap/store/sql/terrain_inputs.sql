-- What the terrain's cells follow from, as one text: rasters, land cover, and the known slides where a model can be fitted.
SELECT coalesce((SELECT string_agg(kind || ' ' || name || ' ' || path, ', ' ORDER BY added_at, name)
                 FROM raster WHERE kind IN ('dem', 'landcover')), '') AS rasters,
       (SELECT count(*) || ' ' || coalesce(max(sys_from)::text, '') FROM landuse) AS landuse,
       (SELECT count(*) || ' ' || coalesce(max(sys_from)::text, '') FROM water) AS water,
       (SELECT CASE WHEN count(*) >= %(least)s
                    THEN md5(string_agg(key || kind || encode(st_asbinary(geom), 'hex'), ',' ORDER BY key)) ELSE '' END
        FROM hazard WHERE kind = ANY(%(kinds)s)) AS slides
