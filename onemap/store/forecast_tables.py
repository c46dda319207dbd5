"""Tables of the engines: forecasts and their back-tests."""
