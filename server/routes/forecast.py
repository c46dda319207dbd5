"""How good forecasts were: the last nightly back-test, beside counting and kernel density."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict

from onemap.core.errors import BadInput, NotFound
from onemap.core.policy import Grant, Right
from onemap.heat.prediction import forecast
from onemap.heat.prediction.nightly import SOURCE
from onemap.heat.surface import surface as surface_named
from onemap.layers import BY_NAME
from server.answer import Json
from server.auth import Signed
from server.models import Model
from server.routes.tiles import CACHING
from server.state import state_of

router = APIRouter(tags=["forecast"])

#: What of a model's scores tells no counts: the rest is for those who may see exact counts.
_SCORES = ("name", "title", "hit_rate", "pai", "pei", "rri")
_NO_COUNTS: dict[str, Any] = {"calibration": []}


class Told(Model):
    """A text in two languages."""

    zh: str
    en: str


class Period(Model):
    """From one hour to before another."""

    from_: datetime
    to: datetime

    model_config = ConfigDict(extra="forbid", alias_generator=lambda name: name.rstrip("_"))


class Gain(Model):
    """Difference in PEI* to counting, with the interval that decides."""

    pei: float | None
    low: float | None
    high: float | None
    level: float


class ModelScores(Model):
    """How one way of forecasting did; null where nothing happened."""

    name: Literal["forecast", "count", "kde"]
    title: Told
    setting: str | None = None
    hit_rate: list[tuple[float, float | None]]
    pai: float | None
    pei: float | None
    rri: float | None
    brier: float | None = None
    deviance: float | None = None
    expected: float | None = None
    observed: float | None = None
    calibration: list[tuple[float, float, int]]


class HorizonScores(Model):
    """One horizon: whether its forecast is shown, and by what."""

    shown: bool
    verdict: Told
    gain: Gain
    models: list[ModelScores]


class Night(Model):
    """PEI* of one night."""

    night: datetime
    horizon: str
    forecast: float | None
    count: float | None
    kde: float | None


class BacktestAnswer(Model):
    """The last back-test of a category."""

    run_at: datetime
    res: int
    nights: int
    share: float
    train: Period
    test: Period
    process: dict[str, Any]
    horizons: dict[str, HorizonScores]
    series: list[Night]


@router.get("/heat/backtest", responses={200: {"model": BacktestAnswer}})
def backtest(
    request: Request,
    grant: Signed,
    surface: Annotated[str, Query(description="The surface forecast: incidents")] = SOURCE,
    category: Annotated[str, Query(description="A category of it; none: all together")] = "",
) -> Response:
    """The last nightly back-test: hit rate, PAI, PEI*, RRI and calibration of forecast, counting and kernel density.

    Who may not see exact counts sees the scores alone. 404 with reason `no-backtest` before the first one.
    """
    spec = surface_named(surface)
    if surface != SOURCE:
        raise BadInput("Only incidents are forecast.", reason="surface")
    if not all(grant.sees_layer(name, BY_NAME[name].roles) for name in spec.made_of):
        raise NotFound(f"There is no surface {surface}.", reason="surface")
    if category and category not in spec.categories:
        raise BadInput(f"{surface} has no category {category[:40]!r}.", reason="category")
    with state_of(request).reading() as conn:
        found = forecast.last_backtest(conn, category)
    return Json(_for(grant, found), headers=CACHING)


def _for(grant: Grant, found: dict[str, Any]) -> dict[str, Any]:
    """The scores of the whole city are no counts of any cell; calibration and totals are."""
    if grant.can(Right.EXACT_COUNTS) and grant.area_wkb is None:
        return found
    horizons = {
        name: told | {"models": [{key: model[key] for key in _SCORES} | _NO_COUNTS for model in told["models"]]}
        for name, told in found["horizons"].items()
    }
    return found | {"horizons": horizons, "series": []}
