-- Those whose worker has gone silent: once more from the start, and then no more.
UPDATE onemap.proposal
SET state = CASE WHEN attempts < %(most)s THEN 'queued' ELSE 'failed' END, progress = 0,
    ended_at = CASE WHEN attempts < %(most)s THEN NULL ELSE clock_timestamp() END,
    error_zh = CASE WHEN attempts < %(most)s THEN NULL ELSE '计算中断，请重新提出' END,
    error_en = CASE WHEN attempts < %(most)s THEN NULL ELSE 'The search was interrupted; ask again' END
WHERE state = 'running' AND beat_at < clock_timestamp() - make_interval(secs => %(silent_s)s)
RETURNING id, plan_key, version, asked_by
