UPDATE onemap.alert
SET state = %(state)s, delivered_at = %(delivered_at)s, acknowledged_at = %(acknowledged_at)s,
    acknowledged_by = coalesce(acknowledged_by, %(acknowledged_by)s), arrived_at = %(arrived_at)s,
    resolved_at = %(resolved_at)s
WHERE id = %(id)s
