-- A publication as the doors tell it; `seen`: teams that have acknowledged the last that they were told of it.
SELECT p.plan_key AS plan, p.edition, p.previous, p.state, p.effective_at, p.published_at, p.seconds, p.grids, p.moved,
       p.notified, p.problem,
       (SELECT count(*)::int FROM onemap.grid_notice n
        WHERE n.publication_id = p.id AND n.seen_at IS NOT NULL AND n.back = (p.state = 'rolled_back')) AS seen
FROM onemap.edition_publication p
WHERE p.id = %(id)s
