-- What a question came to, if it is still this worker's and wanted.
UPDATE onemap.proposal
SET state = %(state)s, ended_at = clock_timestamp(), error_zh = %(zh)s, error_en = %(en)s, units = %(units)s,
    today = %(today)s, progress = CASE WHEN %(state)s = 'done' THEN 1 ELSE progress END
WHERE id = %(id)s AND state = 'running' AND attempts = %(attempts)s
RETURNING id
