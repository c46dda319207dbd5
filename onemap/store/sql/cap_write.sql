INSERT INTO onemap.cap_received (sender, identifier, sent, status, msg_type, subject, signature, stored, raw_id)
VALUES (%(sender)s, %(identifier)s, %(sent)s, %(status)s, %(msg_type)s, %(subject)s, %(signature)s, false, %(raw_id)s)
ON CONFLICT DO NOTHING
