"""Night by night over the last weeks: what would have been forecast from what was known, beside counting and KDE.

The model's setting and parameters, and each peer's best window and bandwidth, are chosen on the time before the first
night. Each night then uses the events known by its first hour. A horizon's forecast is shown only when it is better
than plain counting: the mean difference in PEI* over the same nights is above 0, and so is the lower end of its 90 %
interval (paired bootstrap over nights, in blocks as long as the horizon). Otherwise the map says so instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from onemap.heat.prediction import accuracy, peer, selfexciting
from onemap.heat.prediction.accuracy import SHARE, SHARES, Tally
from onemap.heat.prediction.peer import Peer
from onemap.heat.prediction.selfexciting import Model, Past

Floats = npt.NDArray[np.float64]

HORIZONS: dict[str, int] = {"24h": 24, "7d": 168}
NIGHTS = 28
#: Fewer events in all nights together tell nothing.
LEAST_EVENTS = 30
LEVEL = 0.9
_TITLES = {
    "forecast": ("自激点过程预测", "Self-exciting forecast"),
    "count": ("近期计数", "Plain counting"),
    "kde": ("核密度", "Kernel density"),
}


@dataclass(frozen=True)
class Horizon:
    """How the three did over one horizon: forecasts of each night are [nights][n]."""

    name: str
    cuts: tuple[int, ...]
    tallies: Mapping[str, Tally]
    pooled: Mapping[str, tuple[Floats, Floats]]  # all nights' forecasts and counts in one row
    settings: Mapping[str, str] = field(default_factory=dict)

    def gain(self) -> tuple[float, float, float]:
        """Difference in PEI* to counting and the ends of its 90 % interval."""
        ours, theirs = self.tallies["forecast"], self.tallies["count"]
        draws = accuracy.pei_gain(ours, theirs, block=max(3, HORIZONS[self.name] // 24))
        tail = (1.0 - LEVEL) / 2.0
        low, high = np.quantile(draws, [tail, 1.0 - tail])
        return ours.pei() - theirs.pei(), float(low), float(high)

    @property
    def events(self) -> float:
        """Events of all nights; over longer horizons the nights overlap."""
        return float(self.tallies["forecast"].total.sum())

    @property
    def better(self) -> bool:
        """Whether the forecast may be shown."""
        mean, low, _ = self.gain()
        return self.events >= LEAST_EVENTS and mean > 0.0 and low > 0.0


@dataclass(frozen=True)
class Backtest:
    """A finished back-test of one category."""

    horizons: Mapping[str, Horizon]
    model: Model  # fitted to the time before the first night
    train: tuple[int, int]
    test: tuple[int, int]
    nights: int


def backtest(
    past: Past,
    zone: ZoneInfo,
    *,
    nights: int = NIGHTS,
    pooled: Model | None = None,
    model: Model | None = None,
    horizons: Mapping[str, int] = HORIZONS,
    pause: Callable[[], object] = lambda: None,
) -> Backtest:
    """Back-test the last `nights` of a past that ends at `past.last`; the last horizon of each ends there.

    `pooled` is the model of all categories for one of them; `model` one already fitted to the time before the nights.
    `pause` is called between small steps. Raises ValueError when there are no 30 days before the first night.
    """
    cuts = {name: tuple(past.last - hours - 24 * back for back in range(nights - 1, -1, -1))
            for name, hours in horizons.items()}  # fmt: skip
    start = min(min(each) for each in cuts.values())
    if start - past.first < 24 * 30:
        raise ValueError("a back-test needs 30 days before its first night")
    train = past.before(start)
    if model is None:
        model = selfexciting.fit(train, selfexciting.choose(train, zone, pooled), zone, pooled)
    pause()
    best = {
        name: {
            "count": peer.best(train, hours, _tuning(hours), peer.counting(), pause=pause),
            "kde": peer.best(train, hours, _tuning(hours), peer.densities(), pause=pause),
        }
        for name, hours in horizons.items()
    }
    nightly = {name: _Nights() for name in horizons}
    for cut in sorted({cut for each in cuts.values() for cut in each}):
        known = past.before(cut)
        current = selfexciting.updated(model, known)
        for name, hours in horizons.items():
            if cut in cuts[name]:
                nightly[name].add(past, known, current, best[name], hours)
        pause()
    found = {name: nightly[name].scored(name, cuts[name], best[name]) for name in horizons}
    return Backtest(found, model, (past.first, start), (start, past.last), nights)


def _tuning(hours: int) -> int:
    """Nights on which the peers are tuned: a month, or eight weeks."""
    return 30 if hours <= 24 else 8


@dataclass
class _Nights:
    """Forecasts and counts of one horizon, night by night: float64[n] each."""

    rows: dict[str, list[Floats]] = field(default_factory=lambda: {name: [] for name in _TITLES})
    happened: list[Floats] = field(default_factory=list)
    before: list[Floats] = field(default_factory=list)

    def add(self, past: Past, known: Past, current: Model, best: Mapping[str, Peer], hours: int) -> None:
        """One more night."""
        self.rows["forecast"].append(selfexciting.outlook(current, known, hours))
        for name, one in best.items():
            self.rows[name].append(one.outlook(known, hours))
        self.happened.append(peer.counts(past, known.last, known.last + hours))
        self.before.append(peer.counts(known, past.first, known.last))

    def scored(self, name: str, cuts: tuple[int, ...], best: Mapping[str, Peer]) -> Horizon:
        """All nights together."""
        tallies = {which: Tally.of(found, self.happened, self.before) for which, found in self.rows.items()}
        everything = np.concatenate(self.happened)
        flat = {which: (np.concatenate(found), everything) for which, found in self.rows.items()}
        return Horizon(name, cuts, tallies, flat, {which: str(one) for which, one in best.items()})


def as_json(found: Backtest, res: int, run_at: datetime) -> dict[str, Any]:
    """The back-test as the door answers it; times ISO 8601 UTC, scores to 4 digits, null where nothing happened."""
    return {
        "run_at": run_at.astimezone(UTC).isoformat(),
        "res": res,
        "nights": found.nights,
        "share": SHARE,
        "train": {"from": _iso(found.train[0]), "to": _iso(found.train[1])},
        "test": {"from": _iso(found.test[0]), "to": _iso(found.test[1])},
        "horizons": {name: _told(one) for name, one in found.horizons.items()},
        "series": [row for one in found.horizons.values() for row in _series(one)],
    }


def verdict(one: Horizon) -> dict[str, str]:
    """Whether the horizon's forecast is shown, and by what figures, in Chinese and English."""
    nights = len(one.cuts)
    if one.events < LEAST_EVENTS:
        return {
            "zh": f"近 {nights} 夜只有 {one.events:.0f} 起事件，不足以判断预测是否优于计数，故不显示。",
            "en": f"Only {one.events:.0f} events in the last {nights} nights: too few to tell whether the forecast is "
            "better than counting, so it is not shown.",
        }
    mean, low, high = one.gain()
    ours, theirs = one.tallies["forecast"].pei(), one.tallies["count"].pei()
    zh = (
        f"近 {nights} 夜回测：预测的 PEI* 为 {ours:.3f}，计数为 {theirs:.3f}，"
        f"差 {mean:+.3f}（90% 区间 {low:+.3f} 至 {high:+.3f}）。"
    )
    en = (
        f"Over the last {nights} nights the forecast's PEI* was {ours:.3f}, counting's {theirs:.3f}: "
        f"{mean:+.3f} (90 % interval {low:+.3f} to {high:+.3f}). "
    )
    if one.better:
        return {"zh": zh + "优于计数，予以显示。", "en": en + "Better than counting: shown."}
    return {"zh": zh + "未优于计数，故不显示。", "en": en + "Not better than counting: not shown."}


def _told(one: Horizon) -> dict[str, Any]:
    mean, low, high = one.gain()
    return {
        "shown": one.better,
        "verdict": verdict(one),
        "gain": {"pei": _round(mean), "low": _round(low), "high": _round(high), "level": LEVEL},
        "models": [_model(one, name) for name in ("forecast", "count", "kde")],
    }


def _model(one: Horizon, name: str) -> dict[str, Any]:
    tally, (forecast, happened) = one.tallies[name], one.pooled[name]
    return {
        "name": name,
        "title": dict(zip(("zh", "en"), _TITLES[name], strict=True)),
        "setting": one.settings.get(name),
        "hit_rate": [[share, _round(tally.hit_rate(share))] for share in SHARES],
        "pai": _round(tally.pai()),
        "pei": _round(tally.pei()),
        "rri": _round(tally.rri()),
        "brier": _round(accuracy.brier(forecast, happened), 6),
        "deviance": _round(accuracy.deviance(forecast, happened), 5),
        "expected": _round(float(forecast.sum()), 1),
        "observed": _round(float(happened.sum()), 1),
        "calibration": [[_round(mean, 5), _round(seen, 5), n] for mean, seen, n in
                        accuracy.calibration(forecast, happened)],
    }  # fmt: skip


def _series(one: Horizon) -> list[dict[str, Any]]:
    at = SHARES.index(SHARE)
    rows = []
    for night, cut in enumerate(one.cuts):
        best = one.tallies["forecast"].best[night, at]
        scores = {
            name: _round(float(tally.hit[night, at] / best)) if best > 0.0 else None
            for name, tally in one.tallies.items()
        }
        rows.append({"night": _iso(cut), "horizon": one.name, **scores})
    return rows


def _round(value: float, digits: int = 4) -> float | None:
    return round(value, digits) if np.isfinite(value) else None


def _iso(hour: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour)).isoformat()
