-- Changes whenever the terrain's cells were computed anew.
SELECT coalesce(max(at)::text, '') AS version FROM onemap.terrain_run
