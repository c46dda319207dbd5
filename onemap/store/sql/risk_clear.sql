-- Takes away all that some sources put on the map.
DELETE FROM onemap.risk_part p
USING unnest(%(layers)s::text[], %(keys)s::text[], %(kinds)s::text[]) AS gone (layer, key, kind)
WHERE p.source_layer = gone.layer AND p.source_key = gone.key AND p.kind = gone.kind
