-- What is needed to take an option: the units' ground and grids at the version, and each one's grid by the option.
SELECT p.version, g.wkb, g.grids AS before, o.grids AS after, o.shown -> 'title' AS title
FROM onemap.proposal p
JOIN onemap.proposal_ground g ON g.proposal_id = p.id
JOIN onemap.proposal_option o ON o.proposal_id = p.id AND o.index = %(option)s
WHERE p.id = %(id)s AND p.plan_key = %(key)s AND p.state = 'done'
