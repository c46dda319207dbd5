SELECT info ->> 'sha256' AS sha256 FROM onemap.raster WHERE name = %(name)s
