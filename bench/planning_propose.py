"""Two hundred real blocks into twelve grids: our options beside GerryChain's recombination, spopt's Max-P and K-Means.

Each peer has as long as our search; what is compared is the whole set that each one found, at equal compactness.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from bench.ground import Ground
from bench.planning_blocks import City, Point, ahead, beside, district, hangzhou, point_of, providence
from bench.planning_peers import maxp, recom, regions
from bench.row import Row, at_most
from onemap.planning.propose.graph import units_of
from onemap.planning.propose.search import Wish, partition, rehearse

COUNT, GRIDS, SECONDS = 200, 12, 5.0
#: Seeds of the places.
PLACES = {providence: (1, 2, 3, 4, 5), hangzhou: (1, 2, 3)}
#: A whole district, in a minute.
MANY, MINUTE = 150, 60.0
PEERS = {
    "recom": ("GerryChain ReCom", recom),
    "maxp": ("spopt Max-P", maxp),
    "regions": ("spopt Region-K-Means", regions),
}


def ours(town: City, seconds: float) -> tuple[list[Point], float]:
    """Our set, and the seconds it took with everything: graph, search, polish."""
    began = time.perf_counter()
    units = units_of(town.units.geoms, town.units.weight)
    answer = partition(units, Wish(count=GRIDS, keep=0.0, seconds=seconds - 0.4))
    taken = time.perf_counter() - began
    return [point_of(units, found.assign) for found in answer.found], taken


def rows(ground: Ground) -> Iterator[Row]:
    """`planning.propose`: seconds, evenness, and both beside each peer; a district."""
    rehearse()
    taken, most = [], []
    pairs: dict[str, list[tuple[float, float] | None]] = {name: [] for name in PEERS}
    for place, seeds in PLACES.items():
        for seed in seeds:
            town = place(seed, COUNT)
            mine, seconds = ours(town, SECONDS)
            taken.append(seconds)
            most.append(min(point.most for point in mine))
            for name, (_, peer) in PEERS.items():
                pairs[name].append(beside(mine, peer(town, GRIDS, SECONDS)))
    at = ", ".join(f"{len(seeds)} of {place.__name__.title()}" for place, seeds in PLACES.items())
    note = f"{COUNT} blocks into {GRIDS} at {len(taken)} places ({at})"
    yield at_most("planning.propose", max(taken), SECONDS, "s", f"{note}, the slowest")
    yield at_most("planning.propose_even", max(most), 1.10, "max/mean", f"{note}, the worst")
    yield _district()
    for name, (title, _) in PEERS.items():
        if (row := _row(name, title, note, pairs[name])) is not None:
            yield row


def _district() -> Row:
    """A whole district: how far the worst grid is from what the blocks allow it to be."""
    units = district()
    answer = partition(units, Wish(count=MANY, keep=0.0, seconds=MINUTE))
    off = min(float(found.figures[0]) for found in answer.found)
    note = f"{len(units)} blocks into {MANY} in {MINUTE:g} s, {answer.rounds} annealings; {len(answer.found)} options"
    return at_most("planning.propose_district", 100 * off, 10.0, "% off what is fair", note)


def _row(name: str, title: str, note: str, pairs: list[tuple[float, float] | None]) -> Row | None:
    """Where we are least ahead of a peer; None when it has no answer anywhere."""
    answered = [pair for pair in pairs if pair is not None]
    if not answered:
        return None
    least = min(answered, key=ahead)
    middle = statistics.median(map(ahead, answered))
    silent = len(pairs) - len(answered)
    told = f"; no answer at {silent} of them" if silent else ""
    return Row(
        f"planning.propose_{name}", round(100 * min(least[0], 1e4), 3), round(100 * min(least[1], 1e4), 3),
        f"{title}, {SECONDS:g} s as well", "% off the mean", round(ahead(least), 3), 1.0,
        f"{note}{told}; at the peer's compactness where we are least ahead; median ratio {middle:.1f}",
    )  # fmt: skip
