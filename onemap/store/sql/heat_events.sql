-- What was counted of some features.
SELECT fid, cell, hour, category, source, severity, n FROM onemap.heat_event
WHERE surface = %(surface)s AND fid = ANY(%(fids)s)
