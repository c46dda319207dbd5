"""The ground: what follows from elevation models and land cover, pixel by pixel, cell by cell and as pictures."""
