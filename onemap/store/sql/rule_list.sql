-- Rules as they stand, those that are on first, with the warnings they hold open.
SELECT r.key, r.version, r.spec, r.origin, r.enabled, r.changed_at, r.changed_by, r.dry_run_at, r.last_run_at,
       (SELECT count(*)::int FROM onemap.warning w WHERE w.rule_key = r.key AND w.state <> 'ended') AS open_warnings
FROM onemap.rule r
WHERE %(key)s::text IS NULL OR r.key = %(key)s
ORDER BY r.enabled DESC, r.key
