-- Land payloads: a digest that stands already is a duplicate and gives no row back.
INSERT INTO onemap.raw_record (feed, digest, source, media_type, payload)
SELECT %(feed)s, t.digest, t.source, t.media_type, t.payload
FROM unnest(%(digests)b::bytea[], %(sources)s::text[], %(media_types)s::text[], %(payloads)b::bytea[])
     AS t (digest, source, media_type, payload)
ORDER BY t.digest
ON CONFLICT (feed, digest) DO NOTHING
RETURNING id, digest
