-- The rows of a new edition; they come into force when they are revived.
INSERT INTO onemap.grid (key, geom, h3, feed, edition, code, name, community_code, kind, valid_from, team_key, area_m2,
                         special)
SELECT key, geom, h3, 'edition', %(edition)s, code, name, community_code, kind, now(), team_key, area_m2, special
FROM pg_temp.edition_incoming
