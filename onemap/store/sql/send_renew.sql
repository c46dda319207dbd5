UPDATE onemap.channel SET leased_until = now() + make_interval(secs => %(lease_s)s)
WHERE id = ANY(%(ids)s) AND holder = %(holder)s
RETURNING id
