WITH over AS (
  UPDATE onemap.call SET state = 'closed' WHERE warning_key = %(key)s AND state = 'calling'
), alerts AS (
  UPDATE onemap.alert SET answer_due_at = NULL, second_due_at = NULL, report_due_at = NULL
  WHERE warning_key = %(key)s AND (answer_due_at IS NOT NULL OR second_due_at IS NOT NULL OR report_due_at IS NOT NULL)
)
UPDATE onemap.calling
SET state = 'closed', due_at = NULL, remind_at = NULL, report_due_at = NULL, second = false
WHERE warning_key = %(key)s AND state <> 'closed'
