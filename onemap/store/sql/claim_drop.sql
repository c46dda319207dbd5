DELETE FROM onemap.claim WHERE subject = %(subject)s AND claimant = %(claimant)s AND drill_key = %(drill)s
