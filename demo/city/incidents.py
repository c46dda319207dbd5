"""Ninety days of incidents before the anchor: where, when and how far each has come."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from demo.city.admin import Admin
from demo.city.assets import kept_edges
from demo.city.buildings import Buildings
from demo.city.catalogue import CATALOGUE, MATTERS, RHYTHM, STORM, WEEK, Matter
from demo.city.fabric import Fabric
from demo.city.parts import Parts
from demo.city.plan import Floats, Plan, to_lonlat
from demo.city.shapes import along, points
from demo.city.teams import Teams
from demo.city.water import Water

Row = dict[str, Any]
DAYS = 90
BEIJING = timezone(timedelta(hours=8))
STATUSES = ("reported", "dispatched", "on_site", "resolved", "closed")
COLUMNS = (
    "key", "kind", "code", "catalogue", "title", "severity", "source", "status", "occurred_at", "reported_at",
    "dispatched_at", "on_site_at", "resolved_at", "closed_at", "due_on_site_at", "due_resolved_at", "due_followup_at",
    "grid_code", "address", "team_key", "lon", "lat",
)  # fmt: skip


def stamp(at: datetime) -> str:
    """Write a time as ISO 8601 with the city's offset, to the second."""
    return at.astimezone(BEIJING).isoformat(timespec="seconds")


class Places:
    """Points where each sort of incident happens, drawn with hot spots rather than evenly."""

    def __init__(self, plan: Plan, fabric: Fabric, buildings: Buildings, water: Water) -> None:
        """Collect the points and their weights."""
        rng = plan.rng("places")
        keep = np.flatnonzero(kept_edges(fabric, buildings) & (fabric.edge_class() != "rail"))
        keep = keep[shapely.within(fabric.edges[keep], fabric.district.buffer(-20))]
        length = shapely.length(fabric.edges[keep])
        n = max(400, min(9000, len(keep) * 3))
        edge = rng.choice(len(keep), n, p=length / length.sum())
        on_road = shapely.line_interpolate_point(fabric.edges[keep[edge]], rng.uniform(0, 1, n), normalized=True)
        road_xy = shapely.get_coordinates(on_road)
        self.road = [fabric.lines[i].name for i in fabric.edge_line[keep[edge]].tolist()]
        house_xy = shapely.get_coordinates(shapely.centroid(buildings.geoms))
        reach = shapely.intersection(water.river_line, fabric.district.buffer(-40))
        bank = np.array([along(reach, u) for u in rng.uniform(0, 1, 400).tolist()], dtype=object)
        side = np.where(rng.uniform(0, 1, 400) < 0.5, -1, 1) * rng.uniform(40, 70, 400)
        bank_xy = shapely.get_coordinates(bank) + np.stack([side, np.zeros(400)], axis=1)
        hot = house_xy[rng.choice(len(house_xy), 24, p=self._pull(buildings))]
        self.points: dict[str, Floats] = {}
        self.weights: dict[str, Floats] = {}
        self.labels: dict[str, list[str]] = {}

        def put(name: str, xy: Floats, base: Floats, labels: list[str], focus: float) -> None:
            gap = np.min(np.hypot(xy[:, None, 0] - hot[None, :, 0], xy[:, None, 1] - hot[None, :, 1]), axis=1)
            weight = base * (1 + focus * np.exp(-((gap / 190.0) ** 2)))
            self.points[name], self.weights[name], self.labels[name] = xy, weight / weight.sum(), labels

        roads = [m.zh if m else "支路" for m in self.road]
        lively = np.array([1.0 if m else 0.3 for m in self.road])
        put("street", road_xy, lively, roads, 3.0)
        low = rng.uniform(0, 1, len(road_xy)) < 0.2
        put("low", road_xy[low], lively[low], [r for r, k in zip(roads, low.tolist(), strict=True) if k], 1.0)
        put("water", bank_xy, np.ones(400), ["云岭河岸"] * 400, 0.5)
        sorts = {
            "home": (["walkup", "midrise", "highrise", "oldtown"], 4.0),
            "trade": (["commercial", "oldtown", "office", "hospital"], 6.0),
            "works": (["industrial", "highrise", "public"], 1.0),
            "village": (["village"], 0.0),
            "tower": (["midrise", "highrise", "office"], 1.0),
        }
        for name, (forms, focus) in sorts.items():
            sel = np.flatnonzero(np.isin(buildings.form, forms))
            if len(sel) == 0:
                sel = np.arange(min(50, len(house_xy)))
            gain = 1.0 + buildings.residents[sel] / 60.0 if name == "home" else np.ones(len(sel))
            put(name, house_xy[sel], gain, [buildings.name[i] for i in sel.tolist()], focus)

    @staticmethod
    def _pull(buildings: Buildings) -> Floats:
        pull = np.where(np.isin(buildings.form, ["commercial", "oldtown", "office"]), 6.0, 1.0)
        pull = np.where(buildings.form == "village", 0.1, pull)
        return np.asarray(pull / pull.sum())


class Again:
    """Near repeats: a share of some matters is drawn near an earlier one, so that as many happen, but bunched."""

    def __init__(self, plan: Plan, places: Places) -> None:
        self._rng = plan.rng("again")
        self._places = places
        self._past: dict[str, list[tuple[datetime, int]]] = {}

    def place(self, occurred: datetime, matter: Matter, drawn: int) -> int:
        """The point of a matter's places where this one happens: the one drawn, or one near an earlier one.

        Matters must come in the order of time. The earlier one is drawn by its age, with an exponential fading.
        """
        near = matter.near
        if near is None:
            return drawn
        past = self._past.setdefault(matter.code, [])
        past[:] = [one for one in past if occurred - one[0] < timedelta(days=6 * near.days)]
        if past and self._rng.uniform() < near.share:
            age_d = np.array([(occurred - at).total_seconds() / 86_400 for at, _ in past])
            odds = np.exp(-age_d / near.days)
            before = past[int(self._rng.choice(len(past), p=odds / odds.sum()))][1]
            points = self._places.points[matter.place]
            aim = points[before] + self._rng.normal(0, near.metres, 2)
            drawn = int(np.argmin(((points - aim) ** 2).sum(axis=1)))
        past.append((occurred, drawn))
        return drawn


def _moments(rng: np.random.Generator, day: datetime, matter: Matter) -> datetime:
    odds = np.array(RHYTHM[matter.rhythm])
    hour = int(rng.choice(24, p=odds / odds.sum()))
    return day + timedelta(hours=hour, seconds=int(rng.integers(0, 3600)))


def clocks(rng: np.random.Generator, occurred: datetime, severity: int) -> dict[str, datetime]:
    """Times of each step and the limits: 10 min, 1 h and 1 day for the grave, longer for the mild."""
    grave = severity <= 2
    limit_site, limit_done, limit_follow = (10, 60, 1440) if grave else (30, 240, 2880)
    late = rng.uniform() < 0.08
    reported = occurred + timedelta(seconds=int(rng.integers(60, 1500)))
    dispatched = reported + timedelta(seconds=int(rng.integers(60, 600)))
    on_site = dispatched + timedelta(
        minutes=limit_site * float(rng.uniform(0.3, 0.98) if not late else rng.uniform(1.05, 2.4))
    )
    late_done = rng.uniform() < 0.07
    resolved = on_site + timedelta(
        minutes=(limit_done - limit_site) * float(rng.uniform(0.15, 0.85) if not late_done else rng.uniform(1.1, 2.6))
    )
    closed = resolved + timedelta(minutes=limit_follow * float(rng.uniform(0.05, 0.7)))
    return {
        "occurred_at": occurred,
        "reported_at": reported,
        "dispatched_at": dispatched,
        "on_site_at": on_site,
        "resolved_at": resolved,
        "closed_at": closed,
        "due_on_site_at": dispatched + timedelta(minutes=limit_site),
        "due_resolved_at": dispatched + timedelta(minutes=limit_done),
        "due_followup_at": dispatched + timedelta(minutes=limit_follow),
    }


def _as_known(row: Row, times: dict[str, datetime], anchor: datetime) -> bool:
    """Fill in what had happened by the anchor; False when it was not yet reported."""
    if times["reported_at"] > anchor:
        return False
    status = 0
    for i, column in enumerate(("reported_at", "dispatched_at", "on_site_at", "resolved_at", "closed_at")):
        if times[column] <= anchor:
            status = i
    for column, at in times.items():
        due = column.startswith("due_")
        known = times["dispatched_at"] <= anchor if due else at <= anchor
        row[column] = stamp(at) if known else None
    row["status"] = STATUSES[status]
    return True


class Standing:
    """The parts of the classes that incidents speak of: what is said of a lamp is said where one stands."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._trees: dict[str, tuple[NDArray[np.int64], cKDTree]] = {}
        for code in dict.fromkeys(matter.code for matter in MATTERS if matter.kind == "part"):
            index = parts.of(code)
            if len(index):
                self._trees[code] = (index, cKDTree(parts.xy[index]))

    def nearest(self, matter: Matter, xy: Floats, label: str) -> tuple[Floats, str]:
        """The place of the part that is meant, and its street; the place as drawn where no part is, or none such."""
        if matter.kind != "part" or matter.code not in self._trees:
            return xy, label
        index, tree = self._trees[matter.code]
        found = int(index[tree.query(xy)[1]])
        return self._parts.xy[found], self._parts.place[found]


def make_incidents(
    plan: Plan, fabric: Fabric, buildings: Buildings, admin: Admin, teams: Teams, water: Water, parts: Parts
) -> list[Row]:
    """Draw the incidents of ninety days, oldest first."""
    standing = Standing(parts)
    rng = plan.rng("incidents")
    places = Places(plan, fabric, buildings, water)
    anchor = plan.anchor
    midnight = anchor.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    weight = np.array([m.weight for m in MATTERS])
    storm_weight = np.array([m.weight for m in STORM])
    rain = rng.uniform(0, 1, DAYS + 1)
    drafts: list[tuple[datetime, Matter, int]] = []
    for back in range(DAYS, -1, -1):
        day = midnight - timedelta(days=back)
        mean = plan.incidents_per_day * WEEK[day.weekday()] * float(rng.uniform(0.88, 1.12))
        for matter in rng.choice(len(MATTERS), rng.poisson(mean * 0.96), p=weight / weight.sum()).tolist():
            drafts.append((_moments(rng, day, MATTERS[matter]), MATTERS[matter], 0))
        wet = mean * (0.42 if rain[back] > 0.95 else 0.10 if rain[back] > 0.8 else 0.02)
        for matter in rng.choice(len(STORM), rng.poisson(wet), p=storm_weight / storm_weight.sum()).tolist():
            drafts.append((_moments(rng, day, STORM[matter]), STORM[matter], 1))
    drafts = [d for d in drafts if anchor - timedelta(days=DAYS) <= d[0] <= anchor]
    drafts.sort(key=lambda d: (d[0], d[1].code))

    rows: list[Row] = []
    spots: list[tuple[float, float]] = []
    labels: list[str] = []
    again = Again(plan, places)
    for occurred, matter, _ in drafts:
        i = int(np.searchsorted(np.cumsum(places.weights[matter.place]), rng.uniform() * 0.999999))
        i = again.place(occurred, matter, i)
        xy = places.points[matter.place][i] + rng.normal(0, 6.0, 2)
        severity = 1 + int(np.searchsorted(np.cumsum(matter.severity), rng.uniform() * 0.999999))
        source = matter.source if rng.uniform() < 0.62 else str(rng.choice(["12345", "patrol", "camera", "drone"]))
        row: Row = {"kind": matter.kind, "code": matter.code, "catalogue": CATALOGUE, "title": matter.title,
                    "severity": severity, "source": source}  # fmt: skip
        times = clocks(rng, occurred, severity)
        if rng.uniform() < 0.004:
            # a few cases linger, as they do: solved, yet never followed up
            times["closed_at"] = anchor + timedelta(days=1)
        if _as_known(row, times, anchor):
            rows.append(row)
            xy, label = standing.nearest(matter, xy, places.labels[matter.place][i])
            spots.append((float(xy[0]), float(xy[1])))
            labels.append(label)
    return _placed(rows, np.array(spots), labels, admin, teams)


def _placed(rows: list[Row], xy: Floats, labels: list[str], admin: Admin, teams: Teams) -> list[Row]:
    lonlat = to_lonlat(xy)
    codes = admin.grid_of(points(lonlat))
    team = dict(zip(admin.grid_code, teams.grid_team, strict=True))
    street = {code: name.zh for code, name in zip(admin.street_code, admin.street_name, strict=True)}
    out: list[Row] = []
    for row, (lon, lat), code, label in zip(rows, lonlat.tolist(), codes, labels, strict=True):
        if code is None:
            continue
        row["key"] = f"I-{len(out) + 1:06d}"
        row["grid_code"] = code
        row["address"] = f"{street[code[:9]]}{label}"
        row["team_key"] = team[code] if row["status"] != "reported" else None
        row["lon"], row["lat"] = lon, lat
        out.append(row)
    return out
