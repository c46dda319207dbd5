"""A question about hot spots, checked, and the windows whose counts answer it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import pairwise

import numpy as np

from onemap.core.clock import zone_of
from onemap.core.errors import BadInput
from onemap.heat.ask import Ask
from onemap.heat.count import published
from onemap.heat.hotspot.emerging import STEPS
from onemap.heat.surface import COARSEST, surface
from onemap.heat.window import Hours, at_hour, hour_of, parse
from onemap.store.db import Connection

#: Hot spots finer than this are single buildings, and a study area of them is too large.
FINEST = 11
RINGS = (1, 2)


@dataclass(frozen=True)
class Question:
    """What is asked: `steps` 0 for Gi* of the window, else the number of windows of a space-time cube.

    `published`: of published counts; `area_wkb`: of the cells that lie whole in an area, tested among themselves.
    """

    ask: Ask
    res: int
    rings: int = 1
    steps: int = 0
    alpha: float = 0.05
    area_wkb: bytes | None = None
    published: bool = False

    def __post_init__(self) -> None:
        if not COARSEST <= self.res <= FINEST:
            raise BadInput(f"Hot spots are found at resolutions {COARSEST} to {FINEST}.", reason="resolution")
        if self.rings not in RINGS:
            raise BadInput("A neighbourhood has 1 or 2 rings.", reason="rings")
        if self.steps and not STEPS[0] <= self.steps <= STEPS[1]:
            raise BadInput(f"Emerging hot spots take {STEPS[0]} to {STEPS[1]} steps.", reason="steps")
        kind = surface(self.ask.surface).kind
        if kind == "forecast":
            raise BadInput("A forecast is smooth by its making, and has no hot spots.", reason="surface")
        if self.steps and kind != "density":
            raise BadInput(f"{self.ask.surface} is known as it stands, and has no steps.", reason="steps")


def windows(conn: Connection, question: Question) -> list[Ask]:
    """The windows whose counts are compared, oldest first: the asked one, or as many of its length as there are steps.

    Steps do not overlap; each keeps the days and hours of the window's filter. Fading and smoothing are left out of
    them: both would make a trend where there is none. Raises BadInput ("window", "not-published").
    """
    ask = replace(question.ask, smooth=0)
    if not question.steps:
        return [ask]
    own = parse(ask.window, ask.zone)
    if own.span is not None:
        end = hour_of(own.span[1] - timedelta(microseconds=1)) + 1
        length = end - hour_of(own.span[0])
    else:
        length, end = own.length_h or 1, hour_of(ask.at()) + 1
    if question.published:
        if length % 24:
            raise BadInput("Published counts have steps of whole days.", reason="not-published")
        last = published.through(conn, ask.surface)
        if own.span is None and last is not None:
            end = hour_of(datetime.combine(last + timedelta(days=1), time(), tzinfo=zone_of(ask.zone)))
    end -= own.shift_h
    at = ask.window.partition("~")[0].partition("@")[1:]
    edges = [end - length * back for back in range(question.steps, -1, -1)]
    if edges[0] < 0:
        raise BadInput("The first of so many steps lies before 1970.", reason="window")
    return [
        replace(ask, window=f"{_utc(low)}/{_utc(high)}{''.join(at)}", half_life_h=None) for low, high in pairwise(edges)
    ]


def _utc(hour: int) -> str:
    return f"{at_hour(hour):%Y-%m-%dT%H:%M:%SZ}"


def hours(conn: Connection, question: Question, asks: list[Ask]) -> list[Hours]:
    """The hours that each window holds; none for a surface as it stands. Published days are whole."""
    if surface(question.ask.surface).kind != "density":
        return []
    if not question.published:
        return [ask.hours() for ask in asks]
    spans = [(told["from"], told["to"]) for told in (published.period(conn, ask) for ask in asks)]
    return [
        np.array([[hour_of(datetime.fromisoformat(one)) for one in span]] if span[0] else [], np.int32).reshape(-1, 2)
        for span in spans
    ]
