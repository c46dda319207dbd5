"""What the rules engine is told of rooms that it does not know: feeds, heat surfaces, the city's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from onemap.store.db import Connection

Doubles = npt.NDArray[np.float64]
#: (connection, surface, window, categories, longitudes, latitudes, instants) -> values[instant, place], NaN: not known.
HeatAt = Callable[[Connection, str, str, Sequence[str], Doubles, Doubles, Sequence[datetime]], Doubles]


@dataclass(frozen=True)
class FeedLimits:
    """A feed's titles, its seconds between payloads and until it counts as silent (None: it comes when it comes)."""

    zh: str
    en: str
    expected_every_s: float | None
    stale_after_s: float | None

    def state(self, age_s: float) -> float:
        """0 ok, 1 late, 2 stale."""
        if self.stale_after_s is not None and age_s > self.stale_after_s:
            return 2.0
        return 1.0 if self.expected_every_s is not None and age_s > 2 * self.expected_every_s else 0.0


@dataclass(frozen=True)
class Around:
    """What rules may name beside the tables of the map."""

    zone: str
    feeds: Mapping[str, FeedLimits] = field(default_factory=dict)
    surfaces: frozenset[str] = frozenset()
    heat: HeatAt | None = None

    @property
    def titles(self) -> dict[str, str]:
        """The Chinese title of each feed."""
        return {name: feed.zh for name, feed in self.feeds.items()}
