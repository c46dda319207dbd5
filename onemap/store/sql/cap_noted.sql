-- What became of a message: whether it moved a warning, and in words.
UPDATE onemap.cap_received SET stored = %(stored)s, note = %(note)s
WHERE sender = %(sender)s AND identifier = %(identifier)s AND sent = %(sent)s
