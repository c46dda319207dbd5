-- The newest reading of each datastream up to an instant, not older than another: for what looks far back.
SELECT d.id, o.at, o.value
FROM unnest(%(ids)s::bigint[]) AS d (id)
CROSS JOIN LATERAL (
  SELECT at, value FROM onemap.observation
  WHERE datastream_id = d.id AND at <= %(from)s AND at > %(oldest)s ORDER BY at DESC LIMIT 1
) o
