-- Bring a plan to a state: who submitted and who decided, and when. Handing in anew forgets the last decision.
UPDATE onemap.plan SET
  state = %(state)s,
  changed_at = clock_timestamp(),
  edition = coalesce(%(edition)s, edition),
  effective_at = coalesce(%(effective_at)s, effective_at),
  submitted_by = CASE WHEN %(step)s = 'submitted' THEN %(by)s ELSE submitted_by END,
  submitted_at = CASE WHEN %(step)s = 'submitted' THEN clock_timestamp() ELSE submitted_at END,
  decided_by = CASE WHEN %(step)s IN ('approved', 'rejected') THEN %(by)s
                    WHEN %(step)s <> 'submitted' THEN decided_by END,
  decided_at = CASE WHEN %(step)s IN ('approved', 'rejected') THEN clock_timestamp()
                    WHEN %(step)s <> 'submitted' THEN decided_at END
WHERE key = %(key)s
