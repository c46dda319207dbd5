"""Editions, their periods and lineage, review and publication."""
