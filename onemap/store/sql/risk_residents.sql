-- People by the finest stored cell of their building, inside a box.
SELECT h3, sum(residents)::float8 AS residents
FROM onemap.building
WHERE geom && st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) AND residents > 0
GROUP BY h3
