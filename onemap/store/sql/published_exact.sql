-- Exact counts by parent cell, the city's day and category: what the publication rounds. Never read by a door.
SELECT (cell & %(keep)s::bigint) | %(put)s::bigint AS cell, (hour AT TIME ZONE %(zone)s)::date AS day, category,
       sum(n)::int AS n
FROM onemap.heat_event
WHERE surface = %(surface)s AND hour >= %(from)s AND hour < %(to)s
GROUP BY 1, 2, 3
HAVING sum(n) > 0
