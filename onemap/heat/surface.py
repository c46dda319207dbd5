"""The surfaces that there are: what they measure, over which windows and categories, at which resolutions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from onemap.core.catalogue import Catalogue, current
from onemap.core.errors import NotFound
from onemap.heat.hazard.declared import Declared, declared
from onemap.store.layer import Text

FINEST, COARSEST = 12, 5
RESOLUTIONS = tuple(range(COARSEST, FINEST + 1))
#: Parts of a risk are kept at this resolution, the finest one of its surfaces.
RISK_RES = 11
#: Forecasts are made at this resolution.
FORECAST_RES = 9
#: Windows offered; any other of the grammar may be asked.
PRESETS = ("2h", "24h", "7d", "30d", "90d", "7d~1w", "7d~1y", "30d~1y", "90d@mon-fri08-10", "90d@fri18-24")
SMOOTH_MAX = 4

Kind = Literal["density", "risk", "forecast"]

_KINDS = {"matter": Text("事项", "matter"), "part": Text("部件", "part")}
_SOURCES = {
    "12345": Text("12345 热线", "Hotline"),
    "patrol": Text("巡查", "Patrol"),
    "camera": Text("视频分析", "Camera analytics"),
    "iot": Text("物联感知", "IoT"),
    "drone": Text("无人机", "Drone"),
    "import": Text("导入", "Import"),
}


@dataclass(frozen=True)
class SurfaceSpec:
    """One surface. Empty `windows`: the present state; empty `breaks`: quantiles of what is shown.

    `kind` says which engine answers, `made_of` the layers it is made of: who may not see one of them does not see the
    surface. `finest` is the finest resolution it is known at. `rule` states how several hazards are put together.
    """

    name: str
    title: Text
    unit: Text
    kind: Kind = "density"
    categories: Mapping[str, Text] = field(default_factory=dict)
    sources: Mapping[str, Text] = field(default_factory=dict)
    windows: tuple[str, ...] = ()
    horizons: tuple[str, ...] = ()
    breaks: tuple[float, ...] = ()
    smooth_max: int = 0
    finest: int = FINEST
    made_of: tuple[str, ...] = ("incident",)
    rule: Text | None = None


def surfaces() -> tuple[SurfaceSpec, ...]:
    """Every surface; a new one is one entry here and its engine, a new risk is one file in hazard/surfaces."""
    return (*_counted(current()), *risk_surfaces(declared()), _forecast(current()))


@cache
def _counted(catalogue: Catalogue) -> tuple[SurfaceSpec, ...]:
    return (
        SurfaceSpec(
            "incidents",
            Text("事件密度", "Incident density"),
            Text("起", "incidents"),
            categories=_categories(catalogue),
            sources=_SOURCES,
            windows=PRESETS,
            smooth_max=SMOOTH_MAX,
        ),
    )


@cache
def _forecast(catalogue: Catalogue) -> SurfaceSpec:
    return SurfaceSpec(
        "forecast",
        Text("事件预测", "Incident forecast"),
        Text("起（预期）", "incidents expected"),
        kind="forecast",
        categories=_categories(catalogue),
        horizons=("24h", "7d"),
        finest=FORECAST_RES,
    )


@cache
def risk_surfaces(told: Declared) -> tuple[SurfaceSpec, ...]:
    """The declared risks, combinations first; `rule` says what a score is made of and how hazards combine."""
    return tuple(
        SurfaceSpec(
            one.name,
            Text(one.title.zh, one.title.en),
            Text(one.unit.zh, one.unit.en),
            kind="risk",
            breaks=one.breaks,
            finest=RISK_RES,
            made_of=told.layers(one.name),
            rule=Text(one.about.zh, one.about.en),
        )
        for one in told.surfaces
    )


def surface(name: str) -> SurfaceSpec:
    """The surface of that name. Raises NotFound."""
    for spec in surfaces():
        if spec.name == name:
            return spec
    raise NotFound(f"There is no surface {name[:40]!r}.", reason="surface")


def res_for_zoom(z: float, finest: int = FINEST) -> int:
    """The H3 resolution drawn at a zoom: 5 at z 6 and below, 6 at z 8, 11 at z 15, 12 from z 16.

    A resolution is √7 times finer, a zoom 2 times, so a cell keeps its size on the screen at log 2 / log √7 = 0.71
    resolutions a zoom.
    """
    return int(min(finest, max(COARSEST, round(6 + (z - 8) * 0.7124))))


@cache
def _categories(catalogue: Catalogue) -> dict[str, Text]:
    found: dict[str, Text] = {}
    for kind in ("matter", "part"):
        for major, (zh, en) in catalogue.majors(kind).items():
            found[f"{kind}-{major}"] = Text(f"{zh}（{_KINDS[kind].zh}）", f"{en} ({_KINDS[kind].en})")
        found[f"{kind}-00"] = Text(f"未编码（{_KINDS[kind].zh}）", f"Not coded ({_KINDS[kind].en})")
    return found
