"""Gi* of a million cells beside esda; one more incident beside computing rollups and Gi* anew."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse

from bench.ground import Ground
from bench.row import Row, faster, interleaved
from onemap.core.cell import child_range
from onemap.heat.ask import Ask
from onemap.heat.count.cube import Cube
from onemap.heat.count.events import Events
from onemap.heat.count.rollup import Event
from onemap.heat.hotspot.gistar import gi_star
from onemap.heat.hotspot.gistate import GiState
from onemap.heat.lattice import Lattice, lattice
from onemap.heat.window import at_hour, hour_of

RES = 9
#: A disk of so many rings has a million cells.
RADIUS = 577
EVENTS = 5_000_000
HOURS = 90 * 24
ADDED = 2_000
CATEGORIES = tuple(f"matter-{number:02d}" for number in range(1, 9))
SOURCES = ("12345", "camera", "patrol")


def rows(_: Ground) -> list[Row]:
    """The rows `heat.gistar` and `heat.increment`."""
    return measured(RADIUS, EVENTS)


def measured(radius: int, events: int, rounds: int = 3) -> list[Row]:
    """Both rows, on a disk of that radius with so many incidents."""
    cells = np.unique(np.array(h3.grid_disk(h3.latlng_to_cell(29.6, 106.5, RES), radius), np.int64))
    grid = lattice(cells)
    first = time.perf_counter()
    grid = lattice(cells)
    built = time.perf_counter() - first
    rng = np.random.default_rng(2026)
    # Busy and quiet places, as in a city.
    counts = rng.poisson(rng.gamma(0.5, events / len(cells) / 0.5, len(cells)))
    return [_gistar(grid, counts, built, rounds), _increment(grid, counts, rng, rounds)]


def _gistar(grid: Lattice, counts: npt.NDArray[np.int64], built: float, rounds: int) -> Row:
    from esda.getisord import G_Local
    from libpysal.graph import Graph
    from libpysal.weights import WSP

    warnings.simplefilter("ignore")
    n = len(grid)
    there = grid.neighbours >= 0
    one = np.repeat(np.arange(n), grid.neighbours.shape[1])[there.ravel()]
    matrix = sparse.csr_matrix((np.ones(len(one)), (one, grid.neighbours[there])), (n, n)) + sparse.eye(n, format="csr")
    weights, w_s = timed(lambda: WSP(matrix).to_W(silence_warnings=True))
    values = counts.astype(float)
    gi_star(grid, counts)

    def ours() -> float:
        return timed(lambda: gi_star(grid, counts))[1]

    def theirs() -> float:
        return timed(lambda: G_Local(values, weights, transform="B", permutations=0, star=True))[1]

    own, peer = interleaved(rounds, ours, theirs)
    told = G_Local(values, weights, transform="B", permutations=0, star=True)
    furthest = float(np.abs(gi_star(grid, counts).z - told.Zs).max())
    assert furthest < 1e-9, furthest
    graph, graph_built = timed(lambda: Graph.from_sparse(matrix.tocoo()))
    graph_s = min(
        timed(lambda: G_Local(values, graph, transform="B", permutations=0, star=True))[1] for _ in range(rounds)
    )
    note = (
        f"{n:,} cells, W and lattice prebuilt, ours with q and classes; z at most {furthest:.0e} apart. Building: W "
        f"{w_s:.1f} s, our lattice {built:.2f} s: together {(peer + w_s) / (own + built):.0f} x. With libpysal's newer "
        f"Graph (built in {graph_built:.1f} s) esda needs {graph_s:.2f} s: ours is {graph_s / own:.0f} x, "
        f"and {(graph_s + graph_built) / (own + built):.0f} x with building."
    )
    return faster("heat.gistar", n / own / 1e6, n / peer / 1e6, "esda G_Local, W", "M cells/s", 100, note)


def _increment(grid: Lattice, counts: npt.NDArray[np.int64], rng: np.random.Generator, rounds: int) -> Row:
    events = _events(grid, counts, rng)
    ask = Ask("incidents", window="90d", now=at_hour(int(events.hour.max())))
    cube, state = recomputed(events, grid, ask)
    fresh: list[Event] = []

    def full() -> float:
        return timed(lambda: recomputed(events, grid, ask))[1]

    def one_more() -> float:
        more = _more(grid, events, rng)
        places = [int(np.searchsorted(grid.cells, h3.cell_to_parent(event.cell, RES))) for event in more]
        fresh.extend(more)

        def add() -> None:
            for event, place in zip(more, places, strict=True):
                cube.add([(1, event)])
                state.add(place)

        return timed(add)[1] / ADDED

    own, peer = interleaved(rounds, one_more, full)
    _, asked = timed(lambda: state.at(0))
    # What was kept is what would be computed of all of them.
    _, anew = recomputed(_with(events, fresh), grid, ask)
    kept = cube.query(ask, RES)
    assert np.array_equal(anew.counts[np.searchsorted(grid.cells, kept.cells)], kept.values)
    for name in ("z", "p", "q"):
        assert float(np.abs(getattr(state.all(), name) - getattr(anew.all(), name)).max()) <= 1e-9
    note = (
        f"{own * 1e6:.1f} us each over {rounds} x {ADDED:,} incidents: the cube of {len(events) / 1e6:.1f} M incidents "
        f"(eight resolutions, any window) and Gi* of {len(grid):,} cells; q of every pair anew, when asked for, "
        f"{asked * 1e6:.0f} us. Beside building both from the same incidents; equal to 1e-9 afterwards."
    )
    return faster("heat.increment", 1 / own, 1 / peer, "full recompute", "a second", 10_000, note)


def recomputed(events: Events, grid: Lattice, ask: Ask) -> tuple[Cube, GiState]:
    """Rollups of all resolutions and Gi* of all cells, from the incidents."""
    cube = Cube()
    cube.set(events)
    cube.warm()
    found = cube.query(ask, RES)
    counts = np.zeros(len(grid), np.int64)
    counts[np.searchsorted(grid.cells, found.cells)] = found.values.astype(np.int64)
    state = GiState(grid, counts)
    state.all()
    return cube, state


def _events(grid: Lattice, counts: npt.NDArray[np.int64], rng: np.random.Generator) -> Events:
    """Incidents of 90 days: in each cell so many, at random among its descendants."""
    n = int(counts.sum())
    cell = _inside(np.repeat(grid.cells, counts), rng)
    last = hour_of(at_hour(495_000))
    return Events(
        cell, (last - rng.integers(0, HOURS, n)).astype(np.int32), rng.integers(0, len(CATEGORIES), n).astype(np.int16),
        rng.integers(0, len(SOURCES), n).astype(np.int16), rng.integers(1, 5, n).astype(np.int8),
        np.ones(n, np.int32), np.arange(n), CATEGORIES, SOURCES,
    )  # fmt: skip


def _inside(cells: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """A random descendant at resolution 12 of each cell."""
    low = cells & ~np.int64(0xF << 52) | np.int64(12 << 52)
    for res in range(RES + 1, 13):
        shift = 3 * (15 - res)
        low = low & ~np.int64(7 << shift) | rng.integers(0, 7, len(cells)) << shift
    assert child_range(int(cells[0]), 12)[0] <= int(low[0]) <= child_range(int(cells[0]), 12)[1]
    return low


def _more(grid: Lattice, events: Events, rng: np.random.Generator) -> list[Event]:
    cells = _inside(rng.choice(grid.cells, ADDED), rng).tolist()
    hour = at_hour(int(events.hour.max()))
    return [Event(10**9 + at, cell, hour, CATEGORIES[at % 8], SOURCES[at % 3], 3) for at, cell in enumerate(cells)]


def _with(events: Events, more: list[Event]) -> Events:
    def joined(column: npt.NDArray[Any], values: list[int]) -> npt.NDArray[Any]:
        return np.concatenate([column, np.array(values, column.dtype)])

    return Events(
        joined(events.cell, [event.cell for event in more]),
        joined(events.hour, [hour_of(event.hour) for event in more]),
        joined(events.category, [CATEGORIES.index(event.category) for event in more]),
        joined(events.source, [SOURCES.index(event.source) for event in more]),
        joined(events.severity, [event.severity for event in more]),
        joined(events.n, [event.n for event in more]),
        joined(events.fid, [event.fid for event in more]),
        CATEGORIES,
        SOURCES,
    )


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gives, and its seconds."""
    start = time.perf_counter()
    found = work()
    return found, time.perf_counter() - start
