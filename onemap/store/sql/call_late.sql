-- Reports that are late by now, by the team that answered; the next reminder comes an interval later.
UPDATE onemap.calling
SET remind_at = %(at)s::timestamptz + make_interval(secs => %(interval_s)s)
WHERE warning_key = %(key)s AND remind_at <= %(at)s
RETURNING team_key, grid_name, report_due_at
