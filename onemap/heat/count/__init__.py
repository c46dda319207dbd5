"""Counting: what happened, by cell and hour, exactly as the change log stands."""
