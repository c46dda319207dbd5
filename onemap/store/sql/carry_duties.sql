-- Rosters of some organisations as plain data, in their order.
SELECT org_code, jsonb_build_object('team_key', team_key, 'rank', rank, 'kind', kind, 'weekdays', weekdays,
         'hours', hours, 'starts_at', starts_at, 'ends_at', ends_at) AS duty
FROM onemap.duty
WHERE org_code = ANY(%(codes)s)
ORDER BY org_code, kind, rank, starts_at, id
