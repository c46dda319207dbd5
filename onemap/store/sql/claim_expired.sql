-- Claims whose validity is over, oldest first.
SELECT subject, claimant, drill_key, warning_key FROM onemap.claim
WHERE valid_until <= %(at)s
ORDER BY valid_until, subject, claimant
LIMIT 200
