-- How objects stand to fences now; only those that are not plainly outside.
INSERT INTO onemap.fence_state (fence_id, mover_id, state, since)
SELECT t.fence, t.mover, t.state, to_timestamp(t.since_s)
FROM unnest(%(fences)s::bigint[], %(movers)s::bigint[], %(states)s::smallint[], %(sinces)s::float8[])
     AS t (fence, mover, state, since_s)
ON CONFLICT (fence_id, mover_id) DO UPDATE SET state = excluded.state, since = excluded.since
