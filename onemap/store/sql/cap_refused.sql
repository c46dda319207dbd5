-- Why a CAP payload stands in quarantine, if it does.
SELECT q.reason, q.message
FROM onemap.raw_record r JOIN onemap.quarantine q ON q.raw_id = r.id
WHERE r.feed = 'cap' AND r.digest = sha256(%(payload)s::bytea) AND q.replayed_at IS NULL
ORDER BY q.id DESC
LIMIT 1
