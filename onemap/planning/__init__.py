"""Redrawing the grids: editions, plans, their edits, checks, balance, proposals, impact and publishing."""
