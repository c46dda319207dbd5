-- Out of which areas the study area is made, and a stamp that any change of one of them changes.
SELECT source, md5(string_agg(id::text || ' ' || extract(epoch FROM sys_from)::text, ',' ORDER BY id)) AS stamp
FROM (
  SELECT CASE level WHEN 'district' THEN 1 ELSE 2 END AS rank, level AS source, id, sys_from
  FROM onemap.area WHERE level IN ('district', 'street')
  UNION ALL
  SELECT 3, 'grid', id, sys_from FROM onemap.grid_in_force
) AS a
GROUP BY rank, source
ORDER BY rank
LIMIT 1
