"""Forecasts, and the nightly proof of how good they are."""
