-- Who holds a fence's warning up.
SELECT claimant FROM onemap.claim WHERE subject = %(subject)s AND claimant LIKE %(like)s ORDER BY claimant
