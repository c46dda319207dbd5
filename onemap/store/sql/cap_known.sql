SELECT subject FROM onemap.cap_received WHERE sender = %(sender)s AND identifier = %(identifier)s AND sent = %(sent)s
