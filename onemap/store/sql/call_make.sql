INSERT INTO onemap.call (calling_id, warning_key, alert_id, rung, org_code, team_key, rank, level, round, state,
                         called_at, deadline_at, note)
SELECT calling_id, %(key)s, alert_id, rung, org_code, team_key, rank, level, round, state, %(at)s, deadline_at, note
FROM unnest(%(calling_id)s::bigint[], %(alert_id)s::bigint[], %(rung)s::text[], %(org_code)s::text[],
            %(team_key)s::text[], %(rank)s::smallint[], %(level)s::smallint[], %(round)s::int[], %(state)s::text[],
            %(deadline_at)s::timestamptz[], %(note)s::text[])
     WITH ORDINALITY AS n (calling_id, alert_id, rung, org_code, team_key, rank, level, round, state, deadline_at, note,
                           ord)
ORDER BY ord
