"""One file a group of doors; each has a `router`."""
