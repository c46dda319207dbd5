-- Take back atoms of a surface that count nothing any longer.
DELETE FROM onemap.published_count p
USING unnest(%(days)s::date[], %(cells)s::bigint[], %(categories)s::text[]) AS t (day, cell, category)
WHERE p.surface = %(surface)s AND p.day = t.day AND p.cell = t.cell AND p.category = t.category
