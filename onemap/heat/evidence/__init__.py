"""Demand trends, and whether a measure helped."""
