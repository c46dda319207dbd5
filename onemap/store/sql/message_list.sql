-- What was told, newest first: of one warning or of all, since an instant, of warnings that stand in some keys.
SELECT m.identifier, m.warning_key, m.what, m.msg_type, m.status, m.sender, m.sent, m.expires, m.level, m.title, m.text,
       m.refs AS "references", m.sha256
FROM onemap.message m
WHERE (%(warning)s::text IS NULL OR m.warning_key = %(warning)s)
  AND (%(since)s::timestamptz IS NULL OR m.sent >= %(since)s)
ORDER BY m.id DESC
LIMIT %(limit)s
