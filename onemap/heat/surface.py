"""The surfaces that there are: what they measure, over which windows and categories, at which resolutions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

from onemap.core.catalogue import load_catalogue
from onemap.core.errors import BadInput, NotFound
from onemap.store.layer import Text

FINEST, COARSEST = 11, 6
RESOLUTIONS = tuple(range(COARSEST, FINEST + 1))
WINDOWS: dict[str, timedelta] = {
    "2h": timedelta(hours=2),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
SMOOTH_MAX = 2

# The catalogue names its major classes in Chinese alone.
_MAJORS_EN = {
    "01": "Municipal utilities",
    "02": "Transport facilities",
    "03": "Sanitation facilities",
    "04": "Parks and greenery",
    "05": "Other facilities",
    "06": "City environment",
    "07": "Advertising",
    "08": "Construction",
    "09": "Street order",
    "10": "Other matters",
}
_KINDS = {"matter": Text("事项", "matter"), "part": Text("部件", "part")}


@dataclass(frozen=True)
class SurfaceSpec:
    """One surface. Empty `windows`: the present state; empty `breaks`: quantiles of what is shown."""

    name: str
    title: Text
    unit: Text
    categories: Mapping[str, Text] = field(default_factory=dict)
    windows: tuple[str, ...] = ()
    breaks: tuple[float, ...] = ()
    smooth_max: int = 0


@cache
def surfaces() -> tuple[SurfaceSpec, ...]:
    """Every surface; a new one is one entry here and its engine."""
    return (
        SurfaceSpec(
            "incidents",
            Text("事件密度", "Incident density"),
            Text("起", "incidents"),
            categories=_categories(),
            windows=tuple(WINDOWS),
            smooth_max=SMOOTH_MAX,
        ),
        SurfaceSpec(
            "risk", Text("综合风险", "Composite risk"), Text("分", "score"), breaks=(1.0, 3.0, 8.0, 16.0, 32.0)
        ),
    )


def surface(name: str) -> SurfaceSpec:
    """The surface of that name. Raises NotFound."""
    for spec in surfaces():
        if spec.name == name:
            return spec
    raise NotFound(f"There is no surface {name[:40]!r}.", reason="surface")


def checked(name: str, *, category: str | None = None, window: str = "24h", smooth: int = 0) -> SurfaceSpec:
    """The surface, once what is asked of it makes sense. Raises NotFound, BadInput."""
    spec = surface(name)
    if category is not None and category not in spec.categories:
        raise BadInput(f"{name} has no category {category[:40]!r}.", reason="category")
    if window not in WINDOWS:
        raise BadInput(f"{window[:40]!r} is no window: {', '.join(WINDOWS)}.", reason="window")
    if not 0 <= smooth <= SMOOTH_MAX:
        raise BadInput(f"Smoothing goes from 0 to {SMOOTH_MAX} rings.", reason="smooth")
    return spec


def res_for_zoom(z: float) -> int:
    """The H3 resolution drawn at a zoom: 6 at z 8 and below, 11 from z 15.

    A resolution is √7 times finer, a zoom 2 times, so a cell keeps its size on the screen at log 2 / log √7 = 0.71
    resolutions a zoom.
    """
    return int(min(FINEST, max(COARSEST, round(COARSEST + (z - 8) * 0.7124))))


@cache
def _categories() -> dict[str, Text]:
    found: dict[str, Text] = {}
    for kind in ("matter", "part"):
        for major, title in load_catalogue().majors(kind).items():
            en = f"{_MAJORS_EN.get(major, major)} ({_KINDS[kind].en})"
            found[f"{kind}-{major}"] = Text(f"{title}（{_KINDS[kind].zh}）", en)
        found[f"{kind}-00"] = Text(f"未编码（{_KINDS[kind].zh}）", f"Not coded ({_KINDS[kind].en})")
    return found
