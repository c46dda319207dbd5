-- Grids that somebody answered for; what else rang for them rests.
WITH mine AS (
  UPDATE onemap.call SET state = 'answered', answered_at = %(at)s, note = coalesce(%(note)s, note)
  WHERE calling_id = ANY(%(ids)s) AND team_key IS NOT DISTINCT FROM %(team)s
    AND alert_id IS NOT DISTINCT FROM %(alert)s AND answered_at IS NULL AND state <> 'closed'
), others AS (
  UPDATE onemap.call SET state = 'closed'
  WHERE calling_id = ANY(%(ids)s) AND state = 'calling'
    AND NOT (team_key IS NOT DISTINCT FROM %(team)s AND alert_id IS NOT DISTINCT FROM %(alert)s)
)
UPDATE onemap.calling g
SET state = n.state, rung = n.rung, team_key = %(team)s, due_at = n.due_at, second = false,
    answered_at = %(at)s, answered_by = %(actor)s,
    second_due_at = CASE WHEN n.state = 'answered' THEN n.due_at END,
    second_at = CASE WHEN n.state = 'confirmed' THEN %(at)s::timestamptz END,
    report_due_at = %(report_at)s, remind_at = %(report_at)s
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(rungs)s::text[], %(due_at)s::timestamptz[])
     AS n (id, state, rung, due_at)
WHERE g.id = n.id
