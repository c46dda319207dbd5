-- Published counts of days by cell, all categories.
SELECT p.day, p.cell, sum(p.n)::int AS n
FROM onemap.published_count p
WHERE p.surface = %(surface)s AND p.day = ANY(%(days)s::date[])
GROUP BY p.day, p.cell
