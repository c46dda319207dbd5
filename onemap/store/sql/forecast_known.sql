-- Incidents that became known in a later hour than they occurred in: their ids, ascending, and the hours since 1970.
SELECT coalesce(array_agg(id ORDER BY id), '{}') AS ids,
  coalesce(array_agg(floor(extract(epoch FROM reported_at) / 3600)::int ORDER BY id), '{}') AS hours
FROM incident
WHERE date_trunc('hour', reported_at) > date_trunc('hour', occurred_at)
