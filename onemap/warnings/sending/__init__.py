"""The delivery ledger: every way out of an alert, in order, until it is received or given up."""
