-- Every edition with the periods in which it was in force; one that was only imported has the time its grids name.
WITH drawn AS (
  SELECT coalesce(edition, '') AS name, count(*)::int AS grids, min(valid_from) AS valid_from, max(valid_to) AS valid_to,
         bool_or(valid_to IS NULL) AS endless
  FROM onemap.grid GROUP BY 1
)
SELECT d.name, coalesce(nullif(e.title, ''), d.name) AS title,
       d.name = coalesce(onemap.edition_in_force(), '') AS current, d.grids, e.base, e.plan_key, e.published_by,
       e.published_at,
       coalesce(
         (SELECT jsonb_agg(jsonb_build_object('valid_from', p.valid_from, 'valid_to', p.valid_to) ORDER BY p.id)
          FROM onemap.edition_period p WHERE p.edition = d.name),
         jsonb_build_array(jsonb_build_object(
           'valid_from', d.valid_from, 'valid_to', CASE WHEN NOT d.endless THEN d.valid_to END))) AS periods
FROM drawn d LEFT JOIN onemap.edition e ON e.name = d.name
ORDER BY e.published_at DESC NULLS LAST, d.valid_from DESC NULLS LAST, d.name DESC
