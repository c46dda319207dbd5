-- Calls that ran out, or were declined, for these grids.
UPDATE onemap.call SET state = %(state)s
WHERE calling_id = ANY(%(ids)s) AND state = 'calling'
