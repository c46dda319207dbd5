"""Tiles: sources, cache and freshness, TileJSON. Knows nothing of HTTP serving."""
