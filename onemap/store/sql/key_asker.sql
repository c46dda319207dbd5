-- Whose API key that is, if it is enabled and has not run out.
SELECT name, role, layers, feeds, st_asbinary(area) AS area, expires_at
FROM onemap.api_key
WHERE key_hash = %(key_hash)s AND enabled AND (expires_at IS NULL OR expires_at > now())
