-- A rule made or changed: the next version, off until it is switched on again, or as `enabled` says.
INSERT INTO onemap.rule AS r (key, version, spec, origin, enabled, changed_at, changed_by)
VALUES (%(key)s, coalesce((SELECT max(version) FROM onemap.rule_version WHERE key = %(key)s), 0) + 1, %(spec)s,
        %(origin)s, %(enabled)s, clock_timestamp(), %(actor)s)
ON CONFLICT (key) DO UPDATE
SET version = excluded.version, spec = excluded.spec, origin = excluded.origin, enabled = excluded.enabled,
    changed_at = excluded.changed_at, changed_by = excluded.changed_by, dry_run_at = NULL, last_run_at = NULL,
    frontier_at = NULL
RETURNING version
