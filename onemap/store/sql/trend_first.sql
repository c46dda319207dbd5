-- The first day of the city on which an incident was counted after an instant.
SELECT (min(hour) AT TIME ZONE %(zone)s)::date AS day
FROM onemap.heat_event WHERE surface = 'incidents' AND hour >= %(from)s
