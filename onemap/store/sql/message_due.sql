-- Open warnings whose newest message runs out soon though they stand longer, and those of which nothing was told.
SELECT w.key, m.expires IS NULL AS untold
FROM onemap.warning w
LEFT JOIN LATERAL (
  SELECT expires FROM onemap.message WHERE warning_key = w.key ORDER BY id DESC LIMIT 1
) AS m ON true
WHERE w.state <> 'ended'
  AND (m.expires IS NULL OR (m.expires <= %(soon)s AND coalesce(w.valid_until > m.expires, true)))
ORDER BY w.key
LIMIT 50
