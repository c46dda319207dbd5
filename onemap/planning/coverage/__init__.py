"""A coverage whose faces share their borders: a gap or an overlap has no way to be written down."""

from onemap.planning.coverage.bend import insert, move, remove
from onemap.planning.coverage.cover import Coverage
from onemap.planning.coverage.model import Arc, Delta, Face, FaceId
from onemap.planning.coverage.parts import describe, merge, replace
from onemap.planning.coverage.redraw import reassign, split
from onemap.planning.coverage.refusal import NotACoverage, Refused, Stale
from onemap.planning.coverage.smooth import simplify, snap
from onemap.planning.coverage.stretch import reshape

__all__ = [
    "Arc",
    "Coverage",
    "Delta",
    "Face",
    "FaceId",
    "NotACoverage",
    "Refused",
    "Stale",
    "describe",
    "insert",
    "merge",
    "move",
    "reassign",
    "remove",
    "replace",
    "reshape",
    "simplify",
    "snap",
    "split",
]
