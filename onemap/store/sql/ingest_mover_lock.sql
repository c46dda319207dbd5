-- Find movers and hold them, in the same order everywhere.
SELECT id, key FROM onemap.mover WHERE key = ANY (%(keys)s) ORDER BY id FOR NO KEY UPDATE
