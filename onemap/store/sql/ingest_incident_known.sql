SELECT key, status, dispatched_at, grid_code FROM onemap.incident WHERE key = ANY (%(keys)s)
