"""Risk: hazard times exposure times vulnerability, declared in files, explained cell by cell."""
