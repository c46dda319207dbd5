-- A file lands once; imported again it is the same raw record, so that its rows in quarantine are the same rows.
INSERT INTO onemap.raw_record (feed, digest, source, media_type, payload)
VALUES (%(feed)s, %(digest)b, %(source)s, %(media_type)s, %(payload)b)
ON CONFLICT (feed, digest) DO UPDATE SET source = excluded.source
RETURNING id
