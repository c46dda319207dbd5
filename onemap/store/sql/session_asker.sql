-- Who holds an open session of an enabled account. One index probe on each side.
SELECT a.login, a.title, a.role, a.team_key, st_asbinary(a.area) AS area, s.expires_at
FROM onemap.session s JOIN onemap.account a USING (login)
WHERE s.token_hash = %(token_hash)s AND s.expires_at > now() AND a.enabled
