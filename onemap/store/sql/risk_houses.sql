-- Buildings summed by cell (of the finest risk resolution), use and floors, in ranges of stored cells.
SELECT (b.h3 & %(keep)s::bigint) | %(set)s::bigint AS cell, coalesce(b.use, 'other') AS use,
       coalesce(b.floors, 0)::int AS floors, count(*)::float8 AS n, sum(coalesce(b.residents, 0))::float8 AS residents,
       sum(coalesce(b.organisations, 0))::float8 AS organisations,
       (count(*) FILTER (WHERE coalesce(b.organisations, 0) = 0))::float8 AS without
FROM unnest(%(lo)s::bigint[], %(hi)s::bigint[]) AS span (lo, hi)
JOIN onemap.building b ON b.h3 BETWEEN span.lo AND span.hi
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
