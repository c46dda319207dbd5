-- A team has read a notice of its own; again: the time of the first.
UPDATE onemap.grid_notice SET seen_at = coalesce(seen_at, now())
WHERE id = %(id)s AND team_key = %(team)s
RETURNING id, edition, title, text_zh, text_en, gains, loses, back, at, seen_at
