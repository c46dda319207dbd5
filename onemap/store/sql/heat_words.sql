-- Every distinct category and source of a surface, by skipping through them; few beside millions of rows.
SELECT DISTINCT category, source FROM onemap.heat_event WHERE surface = %(surface)s ORDER BY 1, 2
