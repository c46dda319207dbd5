-- A warning got worse: every grid is asked again, whatever was answered to the milder level.
WITH over AS (
  UPDATE onemap.call SET state = 'closed', note = coalesce(note, '预警升级，重新叫应')
  WHERE warning_key = %(key)s AND state = 'calling'
)
UPDATE onemap.calling
SET level = %(level)s, state = 'waiting', second = false, rung = NULL, team_key = NULL, called = '{}', round = 0,
    asked_at = %(at)s, called_at = NULL, due_at = %(due_at)s, answered_at = NULL, answered_by = NULL,
    second_due_at = NULL, second_at = NULL, report_due_at = NULL, remind_at = NULL
WHERE warning_key = %(key)s AND state <> 'closed'
