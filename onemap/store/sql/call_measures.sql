-- Numbers of call and confirm for the metrics: grids of open ladders by state (drills apart), and how long answers took
-- in the last day, in seconds.
SELECT 'state' AS what, s.state AS name, count(g.id)::float8 AS value
FROM unnest(ARRAY['waiting', 'calling', 'answered', 'confirmed', 'unanswered']) AS s (state)
LEFT JOIN (
  SELECT g.id, g.state FROM onemap.calling g JOIN onemap.warning w ON w.key = g.warning_key
  WHERE g.state <> 'closed' AND NOT coalesce(w.drill, false)
) AS g ON g.state = s.state
GROUP BY s.state
UNION ALL
SELECT 'answer_s', q.q::text, coalesce(percentile_cont(q.q) WITHIN GROUP (
         ORDER BY extract(epoch FROM c.answered_at - c.called_at)::float8), 0)
FROM unnest(ARRAY[0.5, 0.9, 1.0]) AS q (q)
LEFT JOIN onemap.call c ON c.answered_at >= c.called_at AND c.called_at > now() - interval '1 day'
GROUP BY q.q
