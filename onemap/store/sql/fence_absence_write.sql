-- Who is away in a window of its duty; `tell` once.
WITH before AS (
  SELECT told_at FROM onemap.fence_absence
  WHERE fence_id = %(fence)s AND who = %(who)s AND window_at = %(window)s)
INSERT INTO onemap.fence_absence (fence_id, who, window_at, since, told_at)
VALUES (%(fence)s, %(who)s, %(window)s, %(since)s, %(told)s)
ON CONFLICT (fence_id, who, window_at) DO UPDATE
SET since = excluded.since, told_at = coalesce(fence_absence.told_at, excluded.told_at)
RETURNING told_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM before WHERE before.told_at IS NOT NULL) AS tell
