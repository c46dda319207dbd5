-- Drops changes that every follower has had days to read, and notes how far: who has not read them loads anew.
WITH gone AS (
  DELETE FROM onemap.heat_change
  WHERE seq IN (SELECT seq FROM onemap.heat_change WHERE at < %(before)s ORDER BY seq LIMIT %(limit)s)
  RETURNING surface, xid
), floors AS (
  SELECT surface, (max(xid::text::bigint) + 1)::text::xid8 AS floor FROM gone GROUP BY surface
), noted AS (
  UPDATE onemap.heat_state s SET floor = greatest(s.floor, f.floor) FROM floors f WHERE s.surface = f.surface
)
SELECT count(*) AS gone FROM gone
