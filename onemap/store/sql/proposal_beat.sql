-- The worker lives and is so far; nothing comes back when the question was cancelled or is another's by now.
UPDATE onemap.proposal
SET progress = greatest(progress, %(progress)s), beat_at = clock_timestamp()
WHERE id = %(id)s AND state = 'running' AND attempts = %(attempts)s
RETURNING id
