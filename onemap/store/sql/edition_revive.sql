-- The grids of an edition come into force again: those that went out of force with it, not those that it had lost before.
UPDATE onemap.grid SET valid_to = NULL
WHERE edition = %(edition)s
  AND valid_to = (SELECT max(valid_to) FROM onemap.edition_period WHERE edition = %(edition)s)
