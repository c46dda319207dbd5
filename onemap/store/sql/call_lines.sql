-- Several lines of a timeline in one statement, in their order.
INSERT INTO onemap.alert_event (warning_key, alert_id, at, kind, actor, text_zh, text_en)
SELECT %(key)s, alert_id, at, kind, actor, zh, en
FROM unnest(%(alert_id)s::bigint[], %(at)s::timestamptz[], %(kind)s::text[], %(actor)s::text[], %(zh)s::text[],
            %(en)s::text[]) WITH ORDINALITY AS n (alert_id, at, kind, actor, zh, en, ord)
ORDER BY ord
