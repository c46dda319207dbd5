"""What somebody asks of a surface, checked before any engine sees it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from onemap.core.clock import BEIJING
from onemap.core.clock import now as present
from onemap.core.errors import BadInput
from onemap.heat.surface import SurfaceSpec, surface
from onemap.heat.window import Hours, intervals

#: A half-life from a few minutes to ten years: outside, every weight is 0 or 1.
HALF_LIFE_H = (0.1, 87_600.0)
#: Filters longer than this are no question of a person's.
_MOST = 64
#: What an event counts for when severity weighs: I 8, II 4, III 2, IV 1, unknown 1. Index: severity.
SEVERITY_WEIGHTS = (1.0, 8.0, 4.0, 2.0, 1.0)


@dataclass(frozen=True)
class Ask:
    """A surface as somebody asks for it: hashable, part of the keys of tiles and answers.

    `window` follows the grammar of `onemap.heat.window`; for a forecast it is the horizon. Empty filters take all.
    `weight` is "count" or "severity"; `half_life_h` fades events exponentially back from the window's last hour;
    `smooth` is in rings. `now` is the whole hour a window ends in (None: the present one), `zone` the city's.
    """

    surface: str
    window: str = "24h"
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()
    weight: str = "count"
    half_life_h: float | None = None
    smooth: int = 0
    now: datetime | None = None
    zone: str = BEIJING

    def at(self) -> datetime:
        """The hour the window ends in: whole, aware, UTC."""
        return whole_hour(self.now or present())

    def hours(self) -> Hours:
        """The window as half-open intervals of hours since 1970, int32 (k, 2), ascending, disjoint."""
        return intervals(self.window, self.at(), self.zone)

    def unsmoothed(self) -> Ask:
        """The same question without rings."""
        return self if self.smooth == 0 else replace(self, smooth=0)


def whole_hour(at: datetime) -> datetime:
    """The hour an instant lies in, UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def checked(ask: Ask) -> SurfaceSpec:
    """The surface, once what is asked of it makes sense.

    Raises NotFound (reason "surface"), BadInput (reason "window", "category", "source", "severity", "weight", "decay",
    "smooth").
    """
    spec = surface(ask.surface)
    if spec.kind == "forecast":
        if ask.window not in spec.horizons:
            raise BadInput(f"{ask.window[:40]!r} is no horizon: {', '.join(spec.horizons)}.", reason="window")
    else:
        ask.hours()
    _known("category", spec.name, ask.categories, spec.categories)
    _known("source", spec.name, ask.sources, spec.sources)
    if any(level not in range(5) for level in ask.severities) or len(ask.severities) > 5:
        raise BadInput("Severities are 1 (I) to 4 (IV), 0 is unknown; each once.", reason="severity")
    if ask.weight not in ("count", "severity"):
        raise BadInput(f"{ask.weight[:40]!r} is no weight: count or severity.", reason="weight")
    low, high = HALF_LIFE_H
    if ask.half_life_h is not None and not (math.isfinite(ask.half_life_h) and low <= ask.half_life_h <= high):
        raise BadInput(f"A half-life goes from {low:g} to {high:g} hours.", reason="decay")
    most = spec.smooth_max if spec.kind == "density" else 4
    if not 0 <= ask.smooth <= most:
        raise BadInput(f"Smoothing goes from 0 to {most} rings.", reason="smooth")
    return spec


def _known(what: str, name: str, asked: tuple[str, ...], known: object) -> None:
    if len(asked) > _MOST:
        raise BadInput(f"At most {_MOST} of {what} at once.", reason=what)
    for one in asked:
        if one not in known:  # type: ignore[operator]
            raise BadInput(f"{name} has no {what} {one[:40]!r}.", reason=what)
