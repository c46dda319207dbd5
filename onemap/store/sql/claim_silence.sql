-- A person ended a warning: its claims hold nothing up any more, those of persons and messages are over.
WITH gone AS (
  DELETE FROM onemap.claim WHERE warning_key = %(warning)s AND source IN ('manual', 'cap')
)
UPDATE onemap.claim SET warning_key = NULL WHERE warning_key = %(warning)s AND source NOT IN ('manual', 'cap')
