"""What a forecast has to beat: counting what happened lately, and a kernel density of it, each at its best."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onemap.heat.discs import Discs
from onemap.heat.prediction import accuracy
from onemap.heat.prediction.aftermath import spread
from onemap.heat.prediction.selfexciting import Past

Floats = npt.NDArray[np.float64]

#: Days counted, and bandwidths in rings, among which each peer's best is chosen on the training period.
WINDOWS_D = (1, 3, 7, 14, 30, 60, 90, 180, 365)
BANDWIDTHS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True)
class Peer:
    """Counting (`bandwidth` None) or a Gaussian kernel density over ring distance, of the last `days`."""

    days: int
    bandwidth: float | None = None

    def __str__(self) -> str:
        spread = "" if self.bandwidth is None else f", {self.bandwidth:g} rings"
        return f"{self.days} d{spread}"

    def outlook(self, past: Past, hours: int) -> Floats:
        """Expected events of each cell in the next hours: the window's, spread, at the window's rate. float64[n]."""
        first = max(past.first, past.last - 24 * self.days)
        counted = np.bincount(
            past.index[np.searchsorted(past.hours, first) :], minlength=past.around.near.shape[0]
        ).astype(np.float64)
        if self.bandwidth is not None:
            counted = kernel_density(counted, past.around, self.bandwidth)
        return np.asarray(counted * (hours / max(1, past.last - first)))


def kernel_density(counts: Floats, around: Discs, bandwidth: float) -> Floats:
    """Counts spread over ring distances by a Gaussian of that bandwidth in rings, each count's sum kept: float64[n]."""
    reach = min(around.rings, max(1, int(np.ceil(3.0 * bandwidth))))
    weight = np.exp(-0.5 * (np.arange(reach + 1) / bandwidth) ** 2)
    sizes = np.stack([around.sizes(ring) for ring in range(reach + 1)])
    share = weight[:, None] * sizes / (weight[:, None] * sizes).sum(axis=0)
    out = np.zeros(len(counts))
    for ring in range(reach + 1):
        out += spread(counts * share[ring], around, ring)
    return out


def best(
    past: Past,
    hours: int,
    nights: int,
    peers: Iterable[Peer],
    share: float = accuracy.SHARE,
    pause: Callable[[], object] = lambda: None,
) -> Peer:
    """The peer with the highest PEI* over the last nights of a past, each night given what came before it.

    Nights are `hours` apart at least, so that they share no events; ties go to the one named first.
    """
    step = max(24, hours)
    cuts = [past.last - step * back for back in range(nights, 0, -1) if past.last - step * back > past.first + 24]
    found, highest = None, -1.0
    for peer in peers:
        hit = top = 0.0
        for cut in cuts:
            happened = counts(past, cut, cut + hours)
            hit += accuracy.hits(peer.outlook(past.before(cut), hours), happened, share)
            top += accuracy.best_hits(happened, share)
        pause()
        value = hit / top if top > 0.0 else 0.0
        if value > highest + 1e-12:
            found, highest = peer, value
    if found is None:
        raise ValueError("no peers to choose from")
    return found


def counting() -> list[Peer]:
    """Every window of plain counting."""
    return [Peer(days) for days in WINDOWS_D]


def densities() -> list[Peer]:
    """Every bandwidth over every window."""
    return [Peer(days, bandwidth) for days in WINDOWS_D for bandwidth in BANDWIDTHS]


def counts(past: Past, first: int, last: int) -> Floats:
    """Events by cell in the hours [first, last): float64[n]."""
    lo, hi = np.searchsorted(past.hours, (first, last))
    return np.bincount(past.index[lo:hi], minlength=past.around.near.shape[0]).astype(np.float64)
