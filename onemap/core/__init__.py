"""The vocabulary of the map: datums, cells, codes, clocks, errors, settings. Knows nothing of the database."""
