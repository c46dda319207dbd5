SELECT key FROM onemap.sensor WHERE key = ANY (%(keys)s) ORDER BY key FOR NO KEY UPDATE
