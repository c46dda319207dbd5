"""Who else parts blocks into balanced, connected grids, each with the same seconds: all that it finds in them."""

from __future__ import annotations

import contextlib
import io
import random
import time
import warnings
from functools import partial
from itertools import count as numbers
from typing import Any

import numpy as np

from bench.planning_blocks import City, Point, point_of

#: Trees that are drawn for one cut before the peer looks elsewhere: a hundred thousand by itself, some minutes.
_TREES = 500
#: Bands of the start, tried in turns; the chain's own is the first.
_BANDS = (0.10, 0.10, 0.15, 0.20, 0.30, 0.50)


def recom(town: City, grids: int, seconds: float) -> list[Point]:
    """GerryChain's ReCom chain at 10 % (its own start included in the time), every state of it; none: no start.

    Where blocks are too heavy for a start within the band it gets one from a wider band, and steps that are nearer to
    the band are taken until it is inside. A chain that is stuck begins again.
    """
    from gerrychain import Graph, MarkovChain, Partition, updaters
    from gerrychain.partition import recursive_tree_part
    from gerrychain.proposals import recom as step
    from gerrychain.tree import bipartition_tree

    units = town.units
    ideal = float(units.weight.sum()) / grids
    found: list[Point] = []
    until = time.perf_counter() + seconds
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = Graph.from_networkx(_plain(town))

        def off(state: Any) -> float:
            return max(abs(load / ideal - 1) for load in state["load"].values())

        def nearer(state: Any, *, rng: random.Random) -> bool:
            return state.parent is None or off(state) <= max(_BANDS[0], off(state.parent))

        for seed in numbers():
            if time.perf_counter() > until:
                return found
            cut = partial(bipartition_tree, max_attempts=_TREES)
            try:
                start = recursive_tree_part(
                    graph, range(grids), ideal, "load", _BANDS[seed % len(_BANDS)], 1 + 9 * (seed % 2), cut, rng=seed
                )
                state = Partition(graph, start, updaters={"load": updaters.Tally("load", alias="load")})
                other = partial(cut, allow_pair_reselection=True)
                chain = MarkovChain(
                    partial(step, pop_col="load", pop_target=ideal, epsilon=_BANDS[0], node_repeats=1,
                            bipartition_tree_fn=other, rng=random.Random(seed)),
                    [], nearer, state, 10**6,
                )  # fmt: skip
                for one in chain:
                    found.append(point_of(units, [one.assignment[u] for u in range(len(units))]))
                    if time.perf_counter() > until:
                        return found
            except Exception as error:  # no cut, no pair that can be cut: each has its own class in the peer
                if not isinstance(error, RuntimeError) and type(error).__module__.partition(".")[0] != "gerrychain":
                    raise
    return found


def _plain(town: City) -> Any:
    import networkx

    units = town.units
    plain = networkx.Graph()
    plain.add_nodes_from((u, {"load": float(w)}) for u, w in enumerate(units.weight.tolist()))
    plain.add_edges_from(zip(units.source.tolist(), units.to.tolist(), strict=True))
    return plain


def _weights(town: City) -> Any:
    from libpysal.weights import W

    units = town.units
    near = {u: units.to[units.at[u] : units.at[u + 1]].tolist() for u in range(len(units))}
    return W(near, silence_warnings=True)


def _middles(town: City) -> Any:
    middle = town.table.to_crs(town.table.estimate_utm_crs()).geometry.representative_point()
    return np.column_stack([middle.x, middle.y])


def maxp(town: City, grids: int, seconds: float) -> list[Point]:
    """spopt's Max-P by a least load of three quarters of the mean: about as many grids, against their own mean."""
    from spopt.region import MaxPHeuristic

    np.random.seed(7)
    random.seed(7)
    units, weights = town.units, _weights(town)
    x, y = _middles(town).T
    frame = town.table.assign(x=x, y=y)
    found: list[Point] = []
    until, share = time.perf_counter() + seconds, 0.75
    # One answer takes longer than our whole search: it gets its one all the same.
    while time.perf_counter() < until or not found:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            model = MaxPHeuristic(frame, weights, ["x", "y"], "load", share * units.weight.sum() / grids, top_n=2,
                                  max_iterations_construction=1, max_iterations_sa=1)  # fmt: skip
            model.solve()
        found.append(point_of(units, model.labels_))
        share -= 0.05
    return found


def regions(town: City, grids: int, seconds: float) -> list[Point]:
    """spopt's Region-K-Means by the blocks' middles, from one seed after the other: it knows nothing of loads."""
    from spopt.region import RegionKMeansHeuristic

    data, weights = _middles(town), _weights(town)
    found: list[Point] = []
    until = time.perf_counter() + seconds
    for seed in numbers():
        if time.perf_counter() > until and found:
            break
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = RegionKMeansHeuristic(data, grids, weights, seed=seed)
            model.solve()
        found.append(point_of(town.units, model.labels_))
    return found
