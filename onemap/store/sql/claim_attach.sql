-- Claims that a person had silenced with their warning hold up the subject's new one.
UPDATE onemap.claim SET warning_key = %(warning)s
WHERE subject = %(subject)s AND drill_key = %(drill)s AND warning_key IS NULL
  AND (valid_until IS NULL OR valid_until > %(at)s)
RETURNING claimant
