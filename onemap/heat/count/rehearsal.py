"""Every kind of question asked once of a tiny cube, so that no visitor waits for a compiler."""

from __future__ import annotations

from functools import cache

import numpy as np

from onemap.core.cell import cell_of, warm
from onemap.heat.ask import Ask
from onemap.heat.count.cube import Cube
from onemap.heat.count.events import Events
from onemap.heat.count.rollup import Event
from onemap.heat.surface import FINEST
from onemap.heat.window import at_hour, hour_of


@cache
def rehearse() -> None:
    """Load or compile every kernel that answers use: seconds the first time on a machine, once a process."""
    warm()
    ask = Ask("incidents", "7d")
    now, n = hour_of(ask.at()), 100
    cell = cell_of(0.0, 0.0, FINEST)
    events = Events(
        np.full(n, cell, np.int64), np.full(n, now - 1, np.int32), (np.arange(n) % 2).astype(np.int16),
        np.zeros(n, np.int16), np.zeros(n, np.int8), np.ones(n, np.int32), np.arange(n), ("a", "b"), ("",),
    )  # fmt: skip
    cube = Cube()
    cube.set(events)
    cube.add([(1, Event(n, cell, at_hour(now), "a"))])
    for res in (FINEST, FINEST - 1):
        for given in (
            {}, {"categories": ("a",)}, {"half_life_h": 5.0}, {"half_life_h": 5.0, "categories": ("a",)},
            {"weight": "severity"}, {"window": "30d@mon-fri08-20"}, {"smooth": 1},
        ):  # fmt: skip
            question = Ask("incidents", **{"window": "7d", **given})  # type: ignore[arg-type]
            cube.query(question, res, (-0.01, -0.01, 0.01, 0.01))
    cube.merge(warm=True)
