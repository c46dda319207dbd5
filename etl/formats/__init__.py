"""Bytes to rows: one file a format. A format knows nothing of feeds, layers or the database."""
