"""The ground: elevation models as terrarium pixels, and contour lines out of them."""
