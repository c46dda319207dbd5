-- Deadlines of alerts that are called with; one that was acknowledged before is asked to be confirmed again.
UPDATE onemap.alert a
SET answer_due_at = n.due_at, declined_at = NULL,
    second_due_at = CASE WHEN n.again THEN n.due_at ELSE a.second_due_at END,
    second_at = CASE WHEN n.again THEN NULL ELSE a.second_at END
FROM unnest(%(ids)s::bigint[], %(due_at)s::timestamptz[], %(again)s::bool[]) AS n (id, due_at, again)
WHERE a.id = n.id
