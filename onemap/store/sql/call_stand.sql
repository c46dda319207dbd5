-- Writes where grids stand now. `called` comes as text with blanks between, because arrays of arrays are square.
UPDATE onemap.calling c
SET state = n.state, second = n.second, rung = n.rung, team_key = n.team_key, round = n.round, due_at = n.due_at,
    called = string_to_array(n.called, ' '),
    called_at = CASE WHEN n.fresh THEN %(at)s ELSE c.called_at END,
    answered_at = CASE WHEN n.state IN ('answered', 'confirmed') THEN c.answered_at END,
    answered_by = CASE WHEN n.state IN ('answered', 'confirmed') THEN c.answered_by END,
    second_due_at = CASE WHEN n.state IN ('answered', 'confirmed') THEN c.second_due_at END,
    report_due_at = CASE WHEN n.state IN ('answered', 'confirmed') THEN c.report_due_at END,
    remind_at = CASE WHEN n.state IN ('answered', 'confirmed') THEN c.remind_at END
FROM unnest(%(id)s::bigint[], %(state)s::text[], %(second)s::bool[], %(rung)s::text[], %(team_key)s::text[],
            %(called)s::text[], %(round)s::int[], %(due_at)s::timestamptz[], %(fresh)s::bool[])
     AS n (id, state, second, rung, team_key, called, round, due_at, fresh)
WHERE c.id = n.id
