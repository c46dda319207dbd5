"""Tracks: a mover's fixes as lines with height and time, one for each sortie."""
