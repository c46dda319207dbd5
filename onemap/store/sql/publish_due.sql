-- Scheduled publications that take effect by now.
SELECT id, asked_by FROM onemap.edition_publication
WHERE state = 'scheduled' AND effective_at <= %(now)s
ORDER BY effective_at, id
