-- The next events of a surface by feature id, as one row of arrays; the texts as a hash of the pair, beside the pairs that
-- there are. Much less work on both sides than row by row, and each block ends well before a statement times out.
WITH block AS MATERIALIZED (
  SELECT e.fid, e.cell, e.hour, e.category, e.source, e.severity, e.n,
         hashtextextended(e.category || chr(31) || e.source, 0) AS pair
  FROM onemap.heat_event e
  WHERE e.surface = {surface} AND e.fid > {after} {limits}
  ORDER BY e.fid
  LIMIT {limit}
)
SELECT (SELECT json_agg(json_build_array(p.category, p.source, p.pair::text))
        FROM (SELECT DISTINCT category, source, pair FROM block) AS p)::text AS pairs,
       array_agg(b.fid) AS fid, array_agg(b.cell) AS cell, array_agg(b.hour) AS hour, array_agg(b.pair) AS pair,
       array_agg(b.n::int8 * 8 + b.severity) AS counted
FROM block b
