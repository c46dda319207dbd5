-- Calls of a warning, in their order; the newest where there are more than asked for.
SELECT * FROM (
  SELECT c.id, g.grid_code, c.rung, c.org_code AS area_code, coalesce(a.name, g.grid_name, c.org_code) AS area_name,
         c.team_key, t.name AS team_name, c.rank, c.alert_id, c.called_at, c.deadline_at, c.state, c.answered_at, c.note
  FROM onemap.call c
  JOIN onemap.calling g ON g.id = c.calling_id
  LEFT JOIN onemap.area a ON a.code = c.org_code AND c.rung <> 'grid'
  LEFT JOIN onemap.team t ON t.key = c.team_key
  WHERE c.warning_key = %(key)s AND (%(id)s::bigint IS NULL OR c.id = %(id)s::bigint)
  ORDER BY c.id DESC
  LIMIT %(limit)s
) AS newest
ORDER BY called_at, id
