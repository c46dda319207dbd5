INSERT INTO onemap.alert_event (warning_key, alert_id, at, kind, actor, text_zh, text_en, attachment)
VALUES (%(warning)s, %(alert)s, coalesce(%(at)s, clock_timestamp()), %(kind)s, %(actor)s, %(zh)s, %(en)s, %(attachment)s)
