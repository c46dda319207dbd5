"""The catalogue of parts and matters, assembled once a version and not once a row."""

from __future__ import annotations

from functools import lru_cache

from onemap.core.catalogue import Catalogue, load_catalogue


@lru_cache(maxsize=8)
def catalogue(version: str | None = None) -> Catalogue:
    """Return a catalogue version, the default one if None. BadInput for an unknown one."""
    return load_catalogue(version)
