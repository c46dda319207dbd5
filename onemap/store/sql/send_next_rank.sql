-- Where nothing has got through and nothing is on its way any more, the next rank goes at once and those after it come
-- earlier by as much. A live page that nobody has open is not on its way.
WITH turn AS (
  SELECT id, alert_id, ring FROM onemap.delivery WHERE alert_id = ANY(%(alerts)s) AND state = 'held'
  ORDER BY id FOR NO KEY UPDATE
),
next AS (
  SELECT d.alert_id, d.ring, min(d.rank) AS rank, min(d.next_at) AS next_at
  FROM onemap.delivery d
  WHERE d.alert_id = ANY(%(alerts)s) AND d.state = 'held' AND NOT EXISTS (
    SELECT FROM onemap.delivery o WHERE o.alert_id = d.alert_id AND o.ring = d.ring
      AND (o.state IN ('delivered', 'received') OR (o.kind <> 'live' AND o.state IN ('queued', 'sending'))))
  GROUP BY d.alert_id, d.ring
)
UPDATE onemap.delivery d
SET state = CASE WHEN d.rank = n.rank THEN 'queued' ELSE 'held' END,
    next_at = CASE WHEN d.rank = n.rank THEN now() ELSE d.next_at - greatest(n.next_at - now(), interval '0') END
FROM next n JOIN turn t USING (alert_id, ring) WHERE d.id = t.id AND d.state = 'held'
