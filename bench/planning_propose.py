"""Two hundred census blocks into twelve grids: our options beside GerryChain's recombination and spopt's Max-P.

Real borders: the blocks of Providence, RI (`../shared/data/coverage/providence_blocks.zip`), whose corners match; the
load is their population. Each peer has as long as our search; what is compared is the whole set that each one found.
"""

from __future__ import annotations

import contextlib
import io
import random
import statistics
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from bench.ground import Ground
from bench.row import Row, at_most
from onemap.planning.propose.graph import Units, units_of
from onemap.planning.propose.search import Wish, partition, rehearse

BLOCKS = Path(__file__).resolve().parents[2] / "shared" / "data" / "coverage" / "providence_blocks.zip"
COUNT, GRIDS, SECONDS, SEEDS = 200, 12, 5.0, (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Point:
    """A partition's worst load over the mean less one, its maximum over the mean, and its mean Polsby-Popper."""

    worst: float
    most: float
    compact: float


@dataclass(frozen=True)
class City:
    """Connected blocks: as a table, and as units."""

    table: Any
    units: Units


def city(seed: int, count: int = COUNT) -> City:
    """So many connected blocks around one drawn by the seed, those with people in them mostly."""
    table = gpd.read_file(BLOCKS)
    whole = units_of(np.array(table.geometry.values, dtype=object), table.TOTPOP.to_numpy(np.float64))
    order = [int(np.random.default_rng(seed).integers(len(whole)))]
    seen = set(order)
    for u in order:
        for v in whole.to[whole.at[u] : whole.at[u + 1]].tolist():
            if v not in seen and len(order) < count:
                seen.add(v)
                order.append(v)
    part = table.iloc[sorted(order)].reset_index(drop=True)
    return City(part, units_of(np.array(part.geometry.values, dtype=object), part.TOTPOP.to_numpy(np.float64)))


def point_of(units: Units, assign: Any) -> Point:
    """The same measure for all: loads, and outlines from the lengths that the blocks share."""
    _, own = np.unique(np.asarray(assign), return_inverse=True)
    load = np.bincount(own, weights=units.weight)
    inner = own[units.source] == own[units.to]
    rim = np.bincount(own, weights=units.rim_m)
    rim -= np.bincount(own[units.source[inner]], weights=units.shared_m[inner], minlength=len(load))
    compact = 4 * np.pi * np.bincount(own, weights=units.area_m2) / rim**2
    ratio = load / load.mean()
    return Point(float(np.abs(ratio - 1).max()), float(ratio.max()), float(compact.mean()))


def ours(town: City, seconds: float = SECONDS) -> tuple[list[Point], float]:
    """Our set, and the seconds it took with everything: graph, search, polish."""
    began = time.perf_counter()
    units = units_of(town.units.geoms, town.units.weight)
    answer = partition(units, Wish(count=GRIDS, keep=0.0, seconds=seconds - 0.4))
    taken = time.perf_counter() - began
    return [point_of(units, found.assign) for found in answer.found], taken


def recom(town: City, seconds: float = SECONDS, seed: int = 7) -> list[Point]:
    """GerryChain's ReCom chain at 10 % (its own start included in the time), every state of it."""
    import networkx
    from gerrychain import Graph, MarkovChain, Partition, accept, constraints, updaters
    from gerrychain.proposals import recom as step
    from gerrychain.tree import recursive_tree_part

    random.seed(seed)
    units = town.units
    plain = networkx.Graph()
    plain.add_nodes_from((u, {"load": float(w)}) for u, w in enumerate(units.weight.tolist()))
    plain.add_edges_from(zip(units.source.tolist(), units.to.tolist(), strict=True))
    graph = Graph.from_networkx(plain)
    ideal = float(units.weight.sum()) / GRIDS
    found, until = [], time.perf_counter() + seconds
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = recursive_tree_part(graph, range(GRIDS), ideal, "load", 0.1, 1)
        state = Partition(graph, start, updaters={"load": updaters.Tally("load", alias="load")})
        chain = MarkovChain(
            proposal=lambda one: step(one, pop_col="load", pop_target=ideal, epsilon=0.1, node_repeats=1),
            constraints=[constraints.within_percent_of_ideal_population(state, 0.1, pop_key="load")],
            accept=accept.always_accept, initial_state=state, total_steps=10**6,
        )  # fmt: skip
        for one in chain:
            found.append(point_of(units, [one.assignment[u] for u in range(len(units))]))
            if time.perf_counter() > until:
                break
    return found


def maxp(town: City, seconds: float = SECONDS, seed: int = 7) -> list[Point]:
    """spopt's Max-P by a least load of three quarters of the mean: about as many grids, against their own mean."""
    from libpysal.weights import W
    from spopt.region import MaxPHeuristic

    np.random.seed(seed)
    random.seed(seed)
    units, table = town.units, town.table
    near = {u: units.to[units.at[u] : units.at[u + 1]].tolist() for u in range(len(units))}
    middle = table.geometry.representative_point()
    frame = table.assign(x=middle.x, y=middle.y)
    weights = W(near, silence_warnings=True)
    found: list[Point] = []
    until, share = time.perf_counter() + seconds, 0.75
    # One answer takes longer than our whole search: it gets its one all the same.
    while time.perf_counter() < until or not found:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            model = MaxPHeuristic(frame, weights, ["x", "y"], "TOTPOP", share * units.weight.sum() / GRIDS, top_n=2,
                                  max_iterations_construction=1, max_iterations_sa=1)  # fmt: skip
            model.solve()
        found.append(point_of(units, model.labels_))
        share -= 0.05
    return found


def front(points: list[Point]) -> list[Point]:
    """Those that no other beats in both evenness and compactness."""
    return [
        p for p in points
        if not any(q.worst <= p.worst and q.compact >= p.compact and q != p for q in points)
    ]  # fmt: skip


def beside(mine: list[Point], theirs: list[Point]) -> tuple[float, float]:
    """At the compactness of each of their best: our worst load and theirs, where we are least ahead."""
    pairs = []
    for p in front(theirs):
        equal = [q.worst for q in mine if q.compact >= p.compact]
        pairs.append((min(equal, default=float("inf")), p.worst))
    return min(pairs, key=lambda pair: pair[1] / max(pair[0], 1e-4)) if pairs else (0.0, float("inf"))


def rows(ground: Ground) -> Iterator[Row]:
    """`planning.propose`: seconds, evenness, and evenness at the peers' own compactness; medians over the places."""
    rehearse()
    taken, most, against_recom, against_maxp = [], [], [], []
    for seed in SEEDS:
        town = city(seed)
        mine, seconds = ours(town)
        taken.append(seconds)
        most.append(min(point.most for point in mine))
        against_recom.append(beside(mine, recom(town)))
        against_maxp.append(beside(mine, maxp(town)))
    note = f"{COUNT} blocks of Providence into {GRIDS}, {len(SEEDS)} places"
    yield at_most("planning.propose", max(taken), SECONDS, "s", f"{note}, the slowest")
    yield at_most("planning.propose_even", max(most), 1.10, "max/mean", f"{note}, the worst")
    for name, peer, pairs in (
        ("recom", "GerryChain ReCom", against_recom),
        ("maxp", "spopt Max-P", against_maxp),
    ):
        least = min(pairs, key=lambda pair: pair[1] / max(pair[0], 1e-4))
        middle = statistics.median(pair[1] / max(pair[0], 1e-4) for pair in pairs)
        yield Row(
            f"planning.propose_{name}", round(100 * least[0], 3), round(100 * min(least[1], 1e4), 3),
            f"{peer}, {SECONDS:g} s as well", "% off the mean", round(least[1] / max(least[0], 1e-4), 3), 1.0,
            f"{note}, at the peer's compactness where we are least ahead; median ratio {middle:.1f}",
        )  # fmt: skip
