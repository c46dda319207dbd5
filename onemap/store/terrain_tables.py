"""Tables of the engines: what the ground is like in each cell."""
