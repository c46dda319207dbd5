-- What became of a CAP message: the note it was kept with, and the warnings of its chain that are open or ended by it.
SELECT c.note, c.signature,
       ARRAY(SELECT w.key FROM onemap.warning w WHERE w.subject = c.subject ORDER BY w.raised_at DESC LIMIT 5) AS warnings
FROM onemap.cap_received c
WHERE c.sender = %(sender)s AND c.identifier = %(identifier)s AND c.sent = %(sent)s
