"""Grids in and out of files."""
