"""Fences: who is inside what, exactly and at once; states with their reasons, events committed with their cause."""
