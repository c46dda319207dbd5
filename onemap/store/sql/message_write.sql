INSERT INTO onemap.message (identifier, warning_key, what, msg_type, status, sender, sent, expires, level, title, text,
                            refs, sha256, cap)
VALUES (%(identifier)s, %(warning)s, %(what)s, %(msg_type)s, %(status)s, %(sender)s, %(sent)s, %(expires)s, %(level)s,
        %(title)s, %(text)s, %(refs)s, %(sha256)s, %(cap)s)
ON CONFLICT (identifier) DO NOTHING
