-- Whether a real message of a chain was sent after an instant: one that comes late says what is no longer so.
SELECT 1 AS newer FROM onemap.cap_received
WHERE subject = %(subject)s AND status = 'Actual' AND msg_type IN ('Alert', 'Update', 'Cancel')
  AND sent::timestamptz > %(sent)s
LIMIT 1
