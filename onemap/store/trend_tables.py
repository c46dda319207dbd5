"""Tables of the engines: demand trends of grids."""
