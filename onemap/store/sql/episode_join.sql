WITH own AS (
  SELECT key FROM onemap.warning WHERE episode = ANY(%(episodes)s) AND state <> 'ended'
  ORDER BY key FOR UPDATE SKIP LOCKED
)
UPDATE onemap.warning w SET episode = %(episode)s FROM own WHERE w.key = own.key AND w.episode <> %(episode)s
