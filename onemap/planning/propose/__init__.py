"""Balanced partitions of blocks into grids, and why each block moves."""
