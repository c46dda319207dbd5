SELECT org_code, from_team, to_team, at, until
FROM onemap.duty_hand_over
WHERE org_code = ANY(%(codes)s) AND until > %(at)s
ORDER BY id
