-- The city's day of the first event of a surface.
SELECT (min(hour) AT TIME ZONE %(zone)s)::date AS day FROM onemap.heat_event WHERE surface = %(surface)s
