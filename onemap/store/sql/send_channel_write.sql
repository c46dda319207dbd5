-- A channel as it is declared now: a new one, or the change of one (an empty url or secret keeps the old one).
UPDATE onemap.channel
SET team_key = %(team_key)s, title = %(title)s, url = coalesce(nullif(%(url)s, ''), url),
    secret = coalesce(nullif(%(secret)s, ''), secret), rank = %(rank)s, wait_s = %(wait_s)s,
    worst_level = %(worst_level)s, hours = %(hours)s, hour_bits = %(hour_bits)s, zone = %(zone)s, enabled = %(enabled)s
WHERE id = %(id)s AND deleted_at IS NULL
