-- Objects that are plainly outside again.
DELETE FROM onemap.fence_state s
USING unnest(%(fences)s::bigint[], %(movers)s::bigint[]) AS t (fence, mover)
WHERE s.fence_id = t.fence AND s.mover_id = t.mover
