-- What a team was told of its grids: what it has not acknowledged, and the rest of the last weeks; newest first.
SELECT id, edition, title, text_zh, text_en, gains, loses, back, at, seen_at
FROM onemap.grid_notice
WHERE team_key = %(team)s AND (seen_at IS NULL OR at > %(since)s::timestamptz)
ORDER BY id DESC
LIMIT %(limit)s
