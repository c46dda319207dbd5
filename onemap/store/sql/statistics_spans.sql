-- Which edition was in force from when to when inside a range; a span for each edge of a period.
WITH edge AS (
  SELECT %(start)s::timestamptz AS at
  UNION
  SELECT e.at FROM onemap.edition_period p, LATERAL (VALUES (p.valid_from), (p.valid_to)) AS e(at)
  WHERE e.at > %(start)s::timestamptz AND e.at < %(stop)s::timestamptz
)
SELECT at AS start, lead(at, 1, %(stop)s::timestamptz) OVER (ORDER BY at) AS stop, onemap.edition_at(at) AS edition
FROM edge ORDER BY at
