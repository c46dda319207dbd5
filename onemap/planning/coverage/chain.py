"""Cut the rings of polygons that share exactly matching linework into arcs: once around each, then kept once for both.

A vertex is a node when not exactly two segments meet there; an arc runs from node to node. All is by identity of
coordinates: nothing is rounded, nothing is near.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import shapely

from onemap.planning.coverage.model import Floats

Ints = npt.NDArray[np.int64]
OUTSIDE = -1
MISSING = -2


@dataclass(frozen=True)
class Rings:
    """Rings with their interior on the left, without the closing vertex: xy[starts[i]:starts[i+1]], of face[i]."""

    xy: Floats
    starts: Ints
    face: Ints


@dataclass(frozen=True)
class Chains:
    """Arcs: xy, and the faces on both sides by index; OUTSIDE, or MISSING where the other side was not given."""

    xy: list[Floats]
    left: Ints
    right: Ints


class Doubled(Exception):
    """Two faces lie on the same side of one segment: they overlap. `at` is that segment."""

    def __init__(self, at: Floats) -> None:
        super().__init__("doubled")
        self.at = at


def rings_of(geoms: npt.NDArray[np.object_]) -> Rings:
    """Return the rings of (multi)polygons, oriented; consecutive equal vertices are dropped, no other is touched."""
    turned = shapely.orient_polygons(shapely.remove_repeated_points(shapely.force_2d(geoms), 0.0), exterior_cw=False)
    parts, of_part = shapely.get_parts(turned, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    keep = np.ones(len(xy), dtype=bool)
    keep[np.flatnonzero(np.diff(ring, append=-1))] = False
    counts = np.bincount(ring[keep], minlength=len(rings))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    # Minus zero is zero, but not by its bits.
    return Rings(xy[keep] + 0.0, starts, of_part[of_ring].astype(np.int64))


def chains(rings: Rings, walks: Sequence[tuple[Floats, int]] = (), held: Sequence[tuple[float, float]] = ()) -> Chains:
    """Cut rings into arcs.

    walks: lines whose left side belongs to somebody else (an index of the caller's, or OUTSIDE), for the other side of
    borders. held: nodes, once for each segment that ends there and is in no ring or walk. Raises Doubled.
    """
    n = len(rings.xy)
    lines = [xy for xy, _ in walks]
    xy = np.concatenate([rings.xy, *lines, np.array(held, dtype=np.float64).reshape(-1, 2)])
    vertex, places = _identities(xy)
    follower = np.arange(1, n + 1)
    follower[rings.starts[1:] - 1] = rings.starts[:-1]
    label = np.repeat(rings.face, np.diff(rings.starts))
    at, a, b, labels = n, [vertex[:n]], [vertex[:n][follower]], [label]
    for line, side in walks:
        a.append(vertex[at : at + len(line) - 1])
        b.append(vertex[at + 1 : at + len(line)])
        labels.append(np.full(len(line) - 1, side))
        at += len(line)
    tail, head, owner = np.concatenate(a), np.concatenate(b), np.concatenate(labels)
    forward = (tail < head).astype(np.int64)
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    keys, segment = np.unique(low * len(places) + high, return_inverse=True)
    twice = np.bincount(segment * 2 + forward, minlength=2 * len(keys)) > 1
    if twice.any():
        key = keys[np.flatnonzero(twice)[0] // 2]
        raise Doubled(places[[key // len(places), key % len(places)]])
    sides = np.full((len(keys), 2), MISSING, dtype=np.int64)
    sides[segment, forward] = owner
    degree = np.bincount(keys // len(places), minlength=len(places)) + np.bincount(
        keys % len(places), minlength=len(places)
    )
    degree += np.bincount(vertex[at:], minlength=len(places))
    order, begins = _cut(rings, (degree != 2)[vertex[:n]], places[vertex[:n]])
    segments = segment[:n][order]
    _, first = np.unique(np.minimum.reduceat(segments, begins), return_index=True)
    ends = np.append(begins[1:], n)[first]
    begins = begins[first]
    place = rings.xy[order]
    after = rings.xy[follower[order]]
    cut = [np.concatenate([place[i:j], after[j - 1 : j]]) for i, j in zip(begins.tolist(), ends.tolist(), strict=True)]
    opening, direction = segments[begins], forward[:n][order][begins]
    return Chains(cut, sides[opening, direction], sides[opening, 1 - direction])


def _identities(xy: Floats) -> tuple[Ints, Floats]:
    """Return for each position the number of its place, and the places."""
    order = np.lexsort((xy[:, 1], xy[:, 0]))
    ordered = xy[order]
    new = np.ones(len(xy), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    number = np.empty(len(xy), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    return number, ordered[new]


def _cut(rings: Rings, node: npt.NDArray[np.bool_], xy: Floats) -> tuple[Ints, Ints]:
    """Return the vertices ring by ring, each ring turned so that it begins at a node, and where the arcs begin.

    A ring without a node begins at its lowest vertex, so that the same ring always gives the same arc.
    """
    n, starts = len(node), rings.starts[:-1]
    counts = np.diff(rings.starts)
    first = np.minimum.reduceat(np.where(node, np.arange(n), n), starts)
    alone = first == n
    for ring in np.flatnonzero(alone):
        i, j = int(starts[ring]), int(starts[ring] + counts[ring])
        first[ring] = i + int(np.lexsort((xy[i:j, 1], xy[i:j, 0]))[0])
    base = np.repeat(starts, counts)
    offset = np.arange(n) - base + np.repeat(first - starts, counts)
    order = base + offset % np.repeat(counts, counts)
    begins = node[order]
    begins[starts] = True
    return cast(Ints, order), np.flatnonzero(begins)
