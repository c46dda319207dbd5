-- A newer issue replaces; the same again, or an older one that arrives late, changes nothing.
INSERT INTO onemap.bulletin (key, level, area_codes, issued_at, valid_until, text, raw_id)
VALUES (%(key)s, %(level)s, %(area_codes)s, %(issued_at)s, %(valid_until)s, %(text)s, %(raw_id)s)
ON CONFLICT (key) DO UPDATE
SET level = excluded.level, area_codes = excluded.area_codes, issued_at = excluded.issued_at,
    valid_until = excluded.valid_until, text = excluded.text, raw_id = excluded.raw_id
WHERE bulletin.issued_at <= excluded.issued_at
  AND (bulletin.level, bulletin.area_codes, bulletin.issued_at, bulletin.valid_until, bulletin.text)
      IS DISTINCT FROM
      (excluded.level, excluded.area_codes, excluded.issued_at, excluded.valid_until, excluded.text)
