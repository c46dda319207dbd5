"""The demo city and its simulator: a fictional district, its files, and the devices that report from it."""
