SELECT at, kind, actor, alert_id, text_zh, text_en, attachment
FROM onemap.alert_event WHERE warning_key = %(key)s ORDER BY at, id LIMIT 1000
