"""The catalogue of parts and matters as this process has it: what is shipped, with the city's own rows."""

from __future__ import annotations

from onemap.core.catalogue import Catalogue, current


def catalogue(version: str | None = None) -> Catalogue:
    """Return a catalogue version, the default one if None. BadInput for an unknown one."""
    return current(version)
