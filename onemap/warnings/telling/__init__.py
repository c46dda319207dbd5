"""A warning in the dialects of others: CAP 1.2, the 31-character identifier, GeoJSON, Atom; and CAP that comes in."""
