-- Readings of some datastreams after one instant up to another, for a binary copy; at most so many.
COPY (
  SELECT datastream_id, at, value FROM onemap.observation
  WHERE datastream_id = ANY(%(ids)s::bigint[]) AND at > %(from)s::timestamptz AND at <= %(to)s::timestamptz
  LIMIT %(limit)s
) TO STDOUT (FORMAT BINARY)
