"""The composition root: doors (FastAPI), workers and the command line over the engines, feeds and tiles."""
