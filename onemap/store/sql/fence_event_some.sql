-- Some events by id.
SELECT * FROM onemap.fence_event WHERE id = ANY(%(ids)s)
