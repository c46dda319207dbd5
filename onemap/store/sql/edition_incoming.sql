CREATE TEMP TABLE edition_incoming ON COMMIT DROP AS
SELECT key, geom, h3, code, name, community_code, kind, team_key, area_m2, special FROM onemap.grid WITH NO DATA
