"""What the follower holds in memory: fences, movers and pairs as arrays by slot, and the boxes its results come in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

#: A fence's speed limit is taken at the next of these (m/s): each mover's last believed fix is kept for each in use.
LIMITS_MPS = (5.0, 10.0, 20.0, 35.0, 70.0, 140.0, 250.0, 400.0)

FENCE = np.dtype(
    [
        ("id", "i8"), ("live", "?"), ("enter_p", "f8"), ("exit_p", "f8"), ("approach_m", "f8"), ("dwell_s", "f8"),
        ("speed", "i8"), ("floor_m", "f8"), ("ceiling_m", "f8"), ("from_s", "f8"), ("until_s", "f8"), ("weekly", "?"),
        ("week0", "u8"), ("week1", "u8"), ("week2", "u8"), ("kinds", "u1"), ("cross", "?"), ("centre", "i8"),
        ("radius_m", "f8"), ("reach", "i8"), ("held", "i8"), ("events", "u2"), ("warns", "u2"), ("on_create", "u1"),
    ]
)  # fmt: skip
#: Fixes: `at_s` since 1970; `accuracy_m` negative where it is not known.
FIX = np.dtype(
    [
        ("mover", "i8"), ("xid", "i8"), ("at_s", "f8"), ("lon", "f8"), ("lat", "f8"), ("altitude_m", "f8"),
        ("accuracy_m", "f8"),
    ]
)  # fmt: skip
#: A mover's last believed fix under one speed limit, and the newest of those since that were not believed.
TRACK = np.dtype(
    [
        ("at_s", "f8"), ("lon", "f8"), ("lat", "f8"), ("altitude_m", "f8"), ("accuracy_m", "f8"), ("run", "i8"),
        ("doubt_s", "f8"), ("doubt_lon", "f8"), ("doubt_lat", "f8"), ("doubt_accuracy_m", "f8"), ("moved", "?"),
    ]
)  # fmt: skip
#: How far a fix is believed, and the believed fix before it. `trust`: bit 1 believed, 2 unseen before, 4 a new truth.
BELIEF = np.dtype([("trust", "u1"), ("at_s", "f8"), ("lon", "f8"), ("lat", "f8"), ("accuracy_m", "f8")])
BELIEVED, UNSEEN, JUMP = 1, 2, 4
#: An object that is not plainly outside a fence; the pairs of one mover are a chain.
PAIR = np.dtype([("fence", "i8"), ("mover", "i8"), ("state", "i8"), ("since_s", "f8"), ("next", "i8"), ("stamp", "i8")])
#: A state that changed: what is to be written.
MOVE = np.dtype([("fence", "i8"), ("mover", "i8"), ("state", "i8"), ("since_s", "f8")])
EVENT = np.dtype(
    [
        ("fence", "i8"), ("mover", "i8"), ("kind", "i8"), ("at_s", "f8"), ("lon", "f8"), ("lat", "f8"), ("p", "f8"),
        ("distance_m", "f8"), ("accuracy_m", "f8"), ("value", "f8"), ("because", "i8"), ("order", "i8"),
        ("write", "?"), ("warn", "?"), ("tells", "?"),
    ]
)  # fmt: skip
#: A way between two believed fixes that may cross a fence.
WAY = np.dtype([("fix", "i8"), ("fence", "i8")])

#: Why, where the kind of an event does not say it: names by code.
BECAUSE = ("", "jump", "moved", "altitude", "clock", "drawn", "changed", "woke")
BY_JUMP, BY_MOVE, BY_ALTITUDE, BY_CLOCK, BY_DRAWING, BY_CHANGE, BY_WAKING = range(1, 8)

Array = npt.NDArray[Any]


def grown(array: Array, size: int, fill: Any = None) -> Array:
    """The array with room for `size`, twice its length at least; new places are zero, or `fill`."""
    if len(array) >= size:
        return array
    wider = np.zeros(max(size, 2 * len(array), 64), array.dtype)
    if fill is not None:
        wider[...] = fill
    wider[: len(array)] = array
    return wider


class Slots:
    """Places by id: a place is used again after its id is gone."""

    def __init__(self) -> None:
        self.of: dict[int, int] = {}
        self.size = 0
        self._free: list[int] = []

    def take(self, fid: int) -> int:
        """The place of an id, a new one if it has none."""
        slot = self.of.get(fid)
        if slot is None:
            if self._free:
                slot = self._free.pop()
            else:
                slot, self.size = self.size, self.size + 1
            self.of[fid] = slot
        return slot

    def give(self, fid: int) -> None:
        """Forget an id."""
        self._free.append(self.of.pop(fid))


class Pairs:
    """Chains of pairs by mover, out of one pool."""

    def __init__(self) -> None:
        self.pool = np.zeros(64, PAIR)
        self.heads = np.full(64, -1, np.int64)
        self.state = np.array([-1, 0, 0], np.int64)  # head of the free chain, places ever used, stamp

    def room(self, nodes: int, movers: int) -> None:
        """Make room for so many more pairs and movers up to a slot."""
        self.pool = grown(self.pool, int(self.state[1]) + nodes + 1)
        self.heads = grown(self.heads, movers, -1)

    def held(self) -> Array:
        """Copies of all pairs that are not plainly outside."""
        used = self.pool[: self.state[1]]
        found: Array = used[used["state"] != 0].copy()
        return found
