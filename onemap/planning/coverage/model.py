"""What a coverage is made of: borders (arcs), grids (faces), and the difference that an operation makes (delta)."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from onemap.planning.coverage.refusal import NotACoverage

FaceId = str
Floats = npt.NDArray[np.float64]
Vertex = tuple[float, float]

_MAGIC = b"OMD1"
_MAX_HEADER = 256 * 1024 * 1024


@dataclass(frozen=True, eq=False)
class Arc:
    """A stretch of border between two nodes, shared by the faces on its sides; None is outside the coverage.

    `xy` is float64[n, 2], longitude and latitude in degrees WGS-84, never rounded. A closed arc begins where it ends.
    """

    id: int
    xy: Floats
    left: FaceId | None
    right: FaceId | None

    def __post_init__(self) -> None:
        self.xy.flags.writeable = False

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Arc)
            and (self.id, self.left, self.right) == (other.id, other.left, other.right)
            and np.array_equal(self.xy, other.xy)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def closed(self) -> bool:
        """Whether it ends where it begins."""
        return bool(self.xy[0, 0] == self.xy[-1, 0] and self.xy[0, 1] == self.xy[-1, 1])

    @property
    def first(self) -> Vertex:
        """Where it begins."""
        return (float(self.xy[0, 0]), float(self.xy[0, 1]))

    @property
    def last(self) -> Vertex:
        """Where it ends."""
        return (float(self.xy[-1, 0]), float(self.xy[-1, 1]))

    @property
    def sides(self) -> frozenset[FaceId]:
        """The faces that it borders, one or two."""
        return frozenset(side for side in (self.left, self.right) if side is not None)

    def beside(self, face: FaceId) -> FaceId | None:
        """Return the face on the other side."""
        return self.right if self.left == face else self.left


def _around(arcs: Sequence[Arc], origin: Floats) -> dict[FaceId, tuple[set[Vertex], float]]:
    """Return the corners of these arcs by the face beside them, and the area between them and a place."""
    found: dict[FaceId, tuple[set[Vertex], float]] = {}
    for arc in arcs:
        places = set(map(tuple, arc.xy.tolist()))
        x, y = (arc.xy - origin).T
        turn = float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2
        for side in arc.sides:
            corners, area = found.get(side, (set(), 0.0))
            found[side] = (corners | places, area + (turn if arc.left == side else -turn))
    return found


@dataclass(frozen=True)
class Face:
    """A grid: its id in the plan and its attributes; its ground is what its arcs enclose.

    props: code, name, kind, special, community_code, team_key, locked.
    """

    id: FaceId
    props: Mapping[str, Any] = field(default_factory=dict)

    @property
    def locked(self) -> bool:
        """Whether only `describe` may touch it."""
        return bool(self.props.get("locked"))

    @property
    def community(self) -> str | None:
        """The community whose border it may not leave."""
        found: str | None = self.props.get("community_code")
        return found


@dataclass(frozen=True)
class Delta:
    """What an operation takes out of a coverage and what it puts in.

    A face whose attributes or border changed is in `faces_gone` and in `faces`; so is a neighbour on whose border a
    corner was added, although its ground is the same.
    """

    arcs_gone: tuple[Arc, ...] = ()
    arcs: tuple[Arc, ...] = ()
    faces_gone: tuple[Face, ...] = ()
    faces: tuple[Face, ...] = ()

    @property
    def touched(self) -> frozenset[FaceId]:
        """Every face that is gone, new or different."""
        return frozenset(face.id for face in (*self.faces_gone, *self.faces))

    @property
    def redrawn(self) -> frozenset[FaceId]:
        """Those touched that are gone, new, or have other attributes or other ground: not mere neighbours."""
        before, after = {f.id: f for f in self.faces_gone}, {f.id: f for f in self.faces}
        found = {name for name in self.touched if before.get(name) != after.get(name)}
        if not self.arcs_gone:
            return frozenset(found)
        old, new = (_around(arcs, self.arcs_gone[0].xy[0]) for arcs in (self.arcs_gone, self.arcs))
        for name in self.touched - found:
            was, now = old.get(name, (set(), 0.0)), new.get(name, (set(), 0.0))
            # Square degrees: a square centimetre is 1e-14, a corner added on a straight border moves less than 1e-17.
            if not (was[0] <= now[0] or now[0] <= was[0]) or abs(was[1] - now[1]) > 1e-15:
                found.add(name)
        return frozenset(found)

    def reversed(self) -> Delta:
        """Return what undoes it."""
        return Delta(self.arcs, self.arcs_gone, self.faces, self.faces_gone)

    def to_bytes(self) -> bytes:
        """Return it packed; coordinates keep every bit."""
        header = {
            "arcs": [
                [[arc.id, arc.left, arc.right, len(arc.xy)] for arc in arcs] for arcs in (self.arcs_gone, self.arcs)
            ],
            "faces": [[[face.id, dict(face.props)] for face in faces] for faces in (self.faces_gone, self.faces)],
        }
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        raw = b"".join(arc.xy.astype("<f8").tobytes() for arc in (*self.arcs_gone, *self.arcs))
        return _MAGIC + struct.pack("<II", len(text), len(raw)) + zlib.compress(text + raw, 6)

    @classmethod
    def from_bytes(cls, packed: bytes) -> Delta:
        """Unpack. Raises NotACoverage when the bytes are not a packed delta."""
        try:
            if packed[:4] != _MAGIC:
                raise ValueError("magic")
            header_size, raw_size = struct.unpack("<II", packed[4:12])
            if header_size + raw_size > _MAX_HEADER:
                raise ValueError("size")
            body = zlib.decompressobj().decompress(packed[12:], header_size + raw_size)
            header = json.loads(body[:header_size])
            xy = np.frombuffer(body, dtype="<f8", offset=header_size).astype(np.float64).reshape(-1, 2)
            gone: list[Arc] = []
            come: list[Arc] = []
            at = 0
            for rows, into in zip(header["arcs"], (gone, come), strict=True):
                for number, left, right, count in rows:
                    into.append(Arc(number, xy[at : at + count].copy(), left, right))
                    at += count
            faces = [tuple(Face(name, props) for name, props in rows) for rows in header["faces"]]
            return cls(tuple(gone), tuple(come), faces[0], faces[1])
        except (ValueError, KeyError, TypeError, IndexError, struct.error, zlib.error) as error:
            raise NotACoverage("bytes") from error
