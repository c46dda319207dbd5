-- One edition's period ends where the other's begins.
WITH over AS (
  UPDATE onemap.edition_period SET valid_to = now() WHERE edition = %(old)s AND valid_to IS NULL
)
INSERT INTO onemap.edition_period (edition, valid_from) VALUES (%(new)s, now())
