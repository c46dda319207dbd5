"""Warnings: readings against thresholds, warnings on hazard points, alerts to teams and their ledger."""
