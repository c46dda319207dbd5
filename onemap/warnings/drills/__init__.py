"""Drills: a scenario against the real rules and rosters, as exercise everywhere, with a score of who answered when."""
