"""Files of every kind into records of the map: one file a kind of input."""
