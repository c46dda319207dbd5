-- A new edition.
INSERT INTO onemap.edition (name, title, base, plan_key, grids, published_by, published_at)
VALUES (%(name)s, %(title)s, %(base)s, %(plan)s, %(grids)s, %(by)s, now())
