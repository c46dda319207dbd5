"""PEI* of 24 h forecasts in simulated self-exciting cities with known intensity, beside KDE and counting.

The model and the peers see whole hours and cells; the truth only scores them and gives the ceiling. Peers take the best
of their windows (1 to 365 days) and bandwidths (0.5 to 3 rings) on the month before the first night.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import numpy as np

from bench.ground import Ground
from bench.row import Row, faster
from bench.simulated_city import City, Truth, draw
from onemap.heat.discs import discs
from onemap.heat.lattice import lattice
from onemap.heat.prediction import backtest, peer
from onemap.heat.prediction.accuracy import SHARE, Tally
from onemap.heat.prediction.selfexciting import Past

_SEEDS = (1, 2, 3, 4, 5)
_NIGHTS = 60
_FIRST = 480_000
_ZONE = ZoneInfo("Asia/Shanghai")


def rows(ground: Ground) -> Iterator[Row]:
    """`heat.forecast_kde` and `heat.forecast_count`: medians of five cities."""
    scores = [measured(draw(seed)) for seed in _SEEDS]
    ours, kde, count, ceiling = (statistics.median(one[at] for one in scores) for at in range(4))
    for name, at, beside, reach in (
        ("heat.forecast_kde", 1, "KDE, best window and bandwidth", 1.25),
        ("heat.forecast_count", 2, "counting, best window", 1.15),
    ):
        best = statistics.median(one[3] / one[at] for one in scores)
        ratio = statistics.median(one[0] / one[at] for one in scores)
        note = (
            f"median of {len(_SEEDS)} cities, {_NIGHTS} nights each, {SHARE:.0%} of {_cells():,} cells; the true "
            f"intensity's PEI* is {ceiling:.1%}, {best:.2f} x this peer's: what knowing the truth would give"
        )
        row = faster(name, 100.0 * ours, 100.0 * (kde, count)[at - 1], beside, "PEI* %", reach, note)
        yield Row(**(row.as_json() | {"ratio": round(ratio, 3)}))  # type: ignore[arg-type]


def measured(city: City) -> tuple[float, float, float, float]:
    """PEI* of the model, of KDE, of counting and of the truth, over the same nights."""
    around = discs(lattice(city.cells).neighbours, 8)
    last = _FIRST + 24 * int(city.truth.days)
    past = Past((city.hours() + _FIRST).astype(np.int32), city.index, _FIRST, last, around)
    found = backtest.backtest(past, _ZONE, nights=_NIGHTS, horizons={"24h": 24}).horizons["24h"]
    happened = [peer.counts(past, cut, cut + 24) for cut in found.cuts]
    truth = Tally.of([city.intensity((cut - _FIRST) / 24.0, 1.0) for cut in found.cuts], happened, happened)
    ours, kde, count = (found.tallies[name].pei() for name in ("forecast", "kde", "count"))
    return ours, kde, count, truth.pei()


def _cells() -> int:
    rings = Truth().rings
    return 1 + 3 * rings * (rings + 1)
