"""New incidents and how they go on: drawn from the patterns of the city's past, at the pace of this hour."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from demo.city.catalogue import CATALOGUE, MATTERS, RHYTHM, STORM, WEEK
from demo.city.incidents import BEIJING
from demo.simulator.scene import Case, Scene

PER_HOUR = 26.0
"""Mean of new incidents in an hour: several times a real district's, so that a visitor sees the map live."""


def pace(at: datetime, storm_strength: float) -> float:
    """Incidents an hour at this moment: the day's and the week's rhythm, and what a storm adds."""
    here = at.astimezone(BEIJING)
    total = sum(m.weight for m in MATTERS)
    share = sum(m.weight / total * RHYTHM[m.rhythm][here.hour] / sum(RHYTHM[m.rhythm]) for m in MATTERS)
    return PER_HOUR * (0.35 + 0.65 * 24 * share) * WEEK[here.weekday()] + 110.0 * storm_strength


@dataclass(frozen=True)
class Step:
    """One push of an incident: after a delay in seconds, with this status."""

    after_s: float
    status: str


def course(rng: random.Random) -> list[Step]:
    """How one case goes on. Some stop on the way: those wait for the people at the map."""
    steps = [Step(0.0, "reported"), Step(rng.uniform(15, 50), "dispatched"), Step(rng.uniform(90, 420), "on_site"),
             Step(rng.uniform(240, 1200), "resolved"), Step(rng.uniform(300, 1500), "closed")]  # fmt: skip
    return steps[: rng.choices((1, 2, 3, 4, 5), weights=(22, 12, 12, 14, 40))[0]]


class Desk:
    """Writes the features that are pushed; keys never repeat, even after a restart."""

    def __init__(self, scene: Scene, seed: int, started: datetime) -> None:
        """Group the past cases by code, to draw from."""
        self.rng = random.Random(seed)
        self.prefix = started.strftime("SIM-%Y%m%d%H%M%S")
        self.serial = 0
        self.by_code: dict[tuple[str, str], list[Case]] = {}
        for case in scene.cases:
            self.by_code.setdefault((case.kind, case.code), []).append(case)
        self.cases = scene.cases

    def open(self, at: datetime, storm_strength: float) -> dict[str, Any]:
        """Draw a new incident, as a GeoJSON feature with status reported."""
        wet = self.rng.random() < 0.8 * storm_strength
        matter = self.rng.choices(STORM if wet else MATTERS, weights=[m.weight for m in (STORM if wet else MATTERS)])[0]
        case = self.rng.choice(self.by_code.get((matter.kind, matter.code)) or self.cases)
        severity = self.rng.choices((1, 2, 3, 4), weights=matter.severity)[0]
        self.serial += 1
        apart = 0.0 if case.kind == matter.kind == "part" else 0.00006  # degrees; a lamp stands where it stands
        occurred = at - timedelta(seconds=self.rng.randint(40, 400))
        return {
            "type": "Feature",
            "geometry": {
                "type": "Point",
                "coordinates": [
                    round(case.lon + self.rng.gauss(0, apart), 7),
                    round(case.lat + self.rng.gauss(0, apart), 7),
                ],
            },
            "properties": {
                "key": f"{self.prefix}-{self.serial:04d}",
                "kind": matter.kind,
                "code": matter.code,
                "catalogue": CATALOGUE,
                "title": matter.title,
                "severity": severity,
                "source": matter.source,
                "status": "reported",
                "occurred_at": _iso(occurred),
                "reported_at": _iso(at),
                "grid_code": case.grid_code,
                "address": case.address,
            },
        }

    @staticmethod
    def follow(feature: dict[str, Any], status: str, at: datetime) -> dict[str, Any]:
        """Write the same feature one step further."""
        props = feature["properties"] | {"status": status, f"{status}_at": _iso(at)}
        return feature | {"properties": props}


def _iso(at: datetime) -> str:
    return at.astimezone(BEIJING).isoformat(timespec="milliseconds")


def bulletins(
    scenario_s: float, started: datetime, speed: float, towns: list[str], storm: bool
) -> Iterator[dict[str, Any]]:
    """Geologic-hazard bulletins in force so far: one when the rain is forecast, a graver one when it has come."""
    town = [code for code in towns if code[6:9] >= "100"] or towns
    plan = [(45.0, 3, "受强降雨影响，白石镇山区地质灾害气象风险较高，请加强巡查。"),
            (260.0, 2, "短时强降雨持续，白石镇山区地质灾害气象风险高，请做好转移准备。")]  # fmt: skip
    if not storm:
        plan = [(30.0, 4, "未来 24 小时有阵雨，白石镇山区地质灾害有一定气象风险。")]
    for number, (after_s, level, text) in enumerate(plan, start=1):
        if scenario_s >= after_s:
            issued = started + timedelta(seconds=after_s / speed)
            yield {
                "key": f"{started:%Y%m%d%H%M%S}-{number}",
                "issued_at": _iso(issued),
                "level": level,
                "area_codes": town,
                "valid_until": _iso(issued + timedelta(hours=24 if not storm else 6)),
                "text": text,
            }
