-- Whose alert a kept photo belongs to.
SELECT a.team_key FROM onemap.alert_event e JOIN onemap.alert a ON a.id = e.alert_id WHERE e.attachment = %(name)s LIMIT 1
