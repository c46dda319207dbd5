"""Managed parts 部件: what stands along the streets, in the estates and parks, of the classes of GB/T 47678.5.

Rows of a kind stand at their distance along the joined streets, so that their number follows the streets' length; a
small city with long roads has them further apart, for about as many parts as buildings at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from demo.city.admin import Admin
from demo.city.assets import kept_edges
from demo.city.buildings import Buildings
from demo.city.fabric import Fabric
from demo.city.network import HALF_WIDTH_M
from demo.city.plan import DIVISION, Floats, Geoms, Plan, to_lonlat
from demo.city.shapes import points
from demo.city.water import Water
from onemap.core.catalogue import current

Row = dict[str, Any]
_BEIJING = timezone(timedelta(hours=8))
#: Of as many parts as buildings, the share that rows along streets may be.
_ALONG = 0.8


@dataclass(frozen=True)
class Along:
    """One kind along the streets of some classes: metres between two, where across (share of the half width; a kerb is
    at about 0.7), on one side and the other in turn or anywhere, on bridges or not."""

    code: str
    streets: tuple[str, ...]
    every_m: float
    across: float
    alternate: bool = True
    bridges: bool = False


_GRAND = ("trunk", "primary")
_MAIN = (*_GRAND, "secondary")
_LANES = ("tertiary", "residential")
_ALL = (*_MAIN, *_LANES)
ALONG = (
    Along("01037", _GRAND, 40.0, 0.74, bridges=True),  # lamps
    Along("01037", ("secondary",), 60.0, 0.76, bridges=True),
    Along("01037", _LANES, 120.0, 0.85),
    Along("04002", _GRAND, 90.0, 0.88),  # trees of avenues
    Along("01004", _ALL, 420.0, 0.68),  # rainwater grates at the kerb
    Along("01003", _MAIN, 420.0, 0.42, alternate=False),  # covers on the carriageway
    Along("01002", _ALL, 480.0, 0.25, alternate=False),
    Along("01001", _ALL, 1100.0, 0.45, alternate=False),
    Along("01007", _ALL, 1100.0, 0.55, alternate=False),
    Along("01005", _MAIN, 1000.0, 0.5, alternate=False),
    Along("01011", _MAIN, 1600.0, 0.35, alternate=False),
    Along("01023", _LANES, 4000.0, 0.3, alternate=False),
    Along("01013", _ALL, 700.0, 0.86),  # hydrants
    Along("03005", _MAIN, 350.0, 0.84),  # bins
    Along("02004", _MAIN, 520.0, 0.8),  # bus stops
    Along("04007", _GRAND, 700.0, 0.92),  # benches
    Along("02017", _GRAND, 520.0, 0.03),  # barriers between the ways
    Along("02010", _MAIN, 900.0, 0.78, bridges=True),  # signs
    Along("01027", _ALL, 2400.0, 0.93),  # junction boxes
    Along("01048", _LANES, 2400.0, 0.93),
    Along("01060", _MAIN, 2400.0, 0.93),
    Along("01042", _MAIN, 4000.0, 0.9),
    Along("02043", ("residential",), 2600.0, 0.05),  # speed bumps
)

#: Who is in charge and who keeps it, by the beginning of the class; the longest that fits. All invented.
_OFFICES = {
    "01": ("云岭区城市管理局", "云岭市政养护中心"),
    "01001": ("云岭区水务局", "云岭供水所"),
    "01002": ("云岭区水务局", "云岭排水养护所"),
    "01003": ("云岭区水务局", "云岭排水养护所"),
    "01004": ("云岭区水务局", "云岭排水养护所"),
    "01005": ("云岭供电所", "云岭供电所运维班"),
    "01048": ("云岭供电所", "云岭供电所运维班"),
    "01007": ("云岭通信管理站", "云岭线路维护站"),
    "01027": ("云岭通信管理站", "云岭线路维护站"),
    "01011": ("云岭区城市管理局", "云岭燃气巡线站"),
    "01013": ("云岭区消防救援站", "云岭供水所"),
    "01037": ("云岭区城市管理局", "云岭路灯管理所"),
    "01060": ("云岭区城市管理局", "云岭路灯管理所"),
    "01046": ("云岭区体育服务中心", "云岭体育设施维护站"),
    "01076": ("云岭区市场监管所", "云岭电梯维保站"),
    "02": ("云岭区交通设施管理站", "云岭交通设施维护站"),
    "02004": ("云岭区交通设施管理站", "云岭公交场站中心"),
    "03": ("云岭区环境卫生管理所", "云岭环卫作业站"),
    "04": ("云岭区园林绿化所", "云岭绿化养护站"),
}
_STATUSES = ("intact", "damaged", "lost", "disused", "removed")
_ODDS = (0.968, 0.021, 0.004, 0.005, 0.002)


@dataclass
class Parts:
    """Rows of parts with their positions in local metres, and the street or building each stands at; in key order."""

    rows: list[Row]
    xy: Floats
    place: list[str]

    def of(self, code: str) -> NDArray[np.int64]:
        """Indices of the parts of a class."""
        return np.flatnonzero(np.array([row["class_code"] == code for row in self.rows]))


@dataclass
class _Stand:
    """Where parts of one class stand, before they are numbered."""

    code: str
    xy: Floats
    place: list[str]


def make_parts(plan: Plan, fabric: Fabric, buildings: Buildings, admin: Admin, water: Water) -> Parts:
    """Stand the parts, give each its grid and number them, class by class in the order of the grids."""
    rng = plan.rng("parts")
    streets = _Streets(fabric, buildings, water)
    stands = [*streets.along(rng, plan), streets.signals(), *_in_estates(buildings), *_in_parks(rng, fabric, buildings)]
    code = np.concatenate([np.full(len(one.xy), one.code) for one in stands])
    xy = np.concatenate([one.xy for one in stands])
    place = [name for one in stands for name in one.place]
    grid = admin.grid_of(points(to_lonlat(xy)))
    held = np.array([one is not None for one in grid]) & _apart(xy)
    cell = np.array([one or "" for one in grid])
    order = np.lexsort((xy[:, 1], xy[:, 0], cell, code))
    order = order[held[order]]
    rows = _rows(rng, plan, code[order], cell[order])
    return Parts(rows, xy[order], [place[i] for i in order.tolist()])


class _Streets:
    """The streets that are there in the end, joined end to end class by class."""

    def __init__(self, fabric: Fabric, buildings: Buildings, water: Water) -> None:
        classes = fabric.edge_class()
        keep = kept_edges(fabric, buildings) & np.isin(classes, _ALL)
        keep &= shapely.intersects(fabric.district, fabric.edges)
        index = np.flatnonzero(keep)
        index = index[np.argsort(fabric.edge_line[index], kind="stable")]
        self.edges: Geoms = fabric.edges[index]
        self.length = shapely.length(self.edges)
        self.cls = classes[index]
        self.half = np.array([HALF_WIDTH_M[str(cls)] for cls in self.cls.tolist()])
        self.name = [name.zh if name else "支路" for name in (fabric.lines[i].name for i in fabric.edge_line[index])]
        self.wet = water.all.buffer(9.0)
        shapely.prepare(self.wet)

    def along(self, rng: np.random.Generator, plan: Plan) -> Iterator[_Stand]:
        """Everything that stands in rows."""
        metres = {cls: float(self.length[self.cls == cls].sum()) for cls in _ALL}
        wanted = sum(sum(metres[cls] for cls in kind.streets) / kind.every_m for kind in ALONG)
        stretch = max(1.0, wanted / (_ALONG * plan.scale))
        for kind in ALONG:
            members = np.flatnonzero(np.isin(self.cls, kind.streets))
            if len(members) == 0:
                continue
            ends = np.cumsum(self.length[members])
            step = kind.every_m * stretch
            at = np.arange(rng.uniform(0.2, 0.8) * step, ends[-1], step)
            at = np.clip(at + rng.uniform(-0.12, 0.12, len(at)) * step, 0.0, ends[-1] - 1e-6)
            which = members[np.searchsorted(ends, at, side="right")]
            side = np.where(np.arange(len(at)) % 2 == 0, 1.0, -1.0)
            across = kind.across * (side if kind.alternate else rng.uniform(-1.0, 1.0, len(at)))
            distance = at - (ends - self.length[members])[np.searchsorted(ends, at, side="right")]
            xy = self._beside(which, distance, across)
            dry = np.ones(len(xy), dtype=bool) if kind.bridges else ~shapely.contains_xy(self.wet, xy[:, 0], xy[:, 1])
            yield _Stand(kind.code, xy[dry], [self.name[i] for i in which[dry].tolist()])

    def signals(self) -> _Stand:
        """A signal on each way into a crossing of big streets, on the right before it."""
        main = np.flatnonzero(np.isin(self.cls, _MAIN))
        ends = np.concatenate([shapely.get_coordinates(shapely.get_point(self.edges[main], n)) for n in (0, -1)])
        node, inverse = np.unique(np.round(ends), axis=0, return_inverse=True)
        inverse = inverse.reshape(-1)
        grand = np.isin(self.cls[main], _GRAND)
        ways = np.bincount(inverse, minlength=len(node))
        big = np.bincount(inverse, weights=np.concatenate([grand, grand]), minlength=len(node))
        at = np.flatnonzero((ways >= 4) & (big >= 3))
        chosen = np.flatnonzero(np.isin(inverse, at))
        edge, last = main[chosen % len(main)], chosen >= len(main)
        back = np.minimum(self.half[edge] + 6.0, self.length[edge] / 2)
        distance = np.where(last, self.length[edge] - back, back)
        xy = self._beside(edge, distance, np.where(last, 0.72, -0.72))
        return _Stand("02014", xy, [self.name[i] for i in edge.tolist()])

    def _beside(self, which: NDArray[np.int64], distance: Floats, across: Floats) -> Floats:
        """Points beside edges, at metres along them and a share of the half width to the right (left if negative)."""
        length = self.length[which]
        margin = np.minimum(self.half[which] * 0.8, length / 3)  # not in the middle of the crossing
        distance = np.clip(distance, margin, length - margin)
        on = shapely.get_coordinates(shapely.line_interpolate_point(self.edges[which], distance))
        ahead = shapely.get_coordinates(
            shapely.line_interpolate_point(self.edges[which], np.minimum(distance + 1.0, length))
        )
        way = ahead - on
        way /= np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-6)[:, None]
        return np.asarray(on + np.stack([way[:, 1], -way[:, 0]], axis=1) * (across * self.half[which])[:, None])


def _in_estates(buildings: Buildings) -> Iterator[_Stand]:
    """Fitness grounds by the first house of each estate, public toilets by trade, lifts in one tower out of eight."""

    def outside(index: NDArray[np.int64]) -> Floats:
        # before a corner, away from the house: houses stand further apart than that
        centre = shapely.get_coordinates(shapely.centroid(buildings.geoms[index]))
        corner = shapely.get_coordinates(shapely.get_point(shapely.get_exterior_ring(buildings.geoms[index]), 0))
        away = corner - centre
        return np.asarray(corner + away / np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-6)[:, None] * 1.5)

    homes = np.flatnonzero(np.isin(buildings.form, ["walkup", "midrise", "highrise"]))
    first = homes[np.unique(buildings.face[homes], return_index=True)[1]]
    trade = np.flatnonzero(np.isin(buildings.form, ["commercial", "oldtown", "public"]))[20::60]
    towers = np.flatnonzero(np.isin(buildings.form, ["midrise", "highrise", "office"]))
    towers = towers if len(towers) else homes[:1]
    lifts = shapely.get_coordinates(shapely.point_on_surface(buildings.geoms[towers[::8]]))
    for code, index, xy in (
        ("01046", first, outside(first)), ("03001", trade, outside(trade)), ("01076", towers[::8], lifts),
    ):  # fmt: skip
        yield _Stand(code, xy, [buildings.name[i] for i in index.tolist()])


def _in_parks(rng: np.random.Generator, fabric: Fabric, buildings: Buildings) -> Iterator[_Stand]:
    """Benches, bins and lone trees in the parks."""
    parks = np.flatnonzero(buildings.face_form == "park")
    ground = shapely.buffer(fabric.faces[parks], -24.0)
    for code, number in (("04007", 5), ("03005", 3), ("04003", 4)):
        spread = np.sqrt(fabric.area[parks])[:, None, None] * rng.normal(0, 0.2, (len(parks), number, 2))
        xy = (fabric.centroid[parks][:, None] + spread).reshape(-1, 2)
        owner = np.repeat(np.arange(len(parks)), number)
        inside = shapely.contains_xy(ground[owner], xy[:, 0], xy[:, 1])
        inside &= ~_near(xy, buildings)
        yield _Stand(code, xy[inside], [buildings.face_name[i] or "公园" for i in parks[owner[inside]].tolist()])


def _near(xy: Floats, buildings: Buildings) -> NDArray[np.bool_]:
    """Which points stand in a house or right before it."""
    out = np.zeros(len(xy), dtype=bool)
    if len(xy):
        out[STRtree(buildings.geoms).query(points(xy), predicate="dwithin", distance=2.0)[0]] = True
    return out


def _apart(xy: Floats) -> NDArray[np.bool_]:
    """Which points stand clear of every one before them: two things at one spot would be one mark on the map."""
    out = np.ones(len(xy), dtype=bool)
    spots = points(xy)
    a, b = STRtree(spots).query(spots, predicate="dwithin", distance=3.0)
    out[a[a > b]] = False
    return out


def _rows(rng: np.random.Generator, plan: Plan, code: NDArray[np.str_], grid: NDArray[np.str_]) -> list[Row]:
    """Numbered rows: mostly intact; what is not was seen so within the last four months."""
    catalogue = current()
    midnight = plan.anchor.astimezone(_BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    status = rng.choice(len(_STATUSES), len(code), p=_ODDS).tolist()
    since = rng.integers(1, 120, len(code)).tolist()
    age = rng.integers(400, 6500, len(code)).tolist()
    measured = rng.uniform(0, 1, len(code)).tolist()
    names = {one: catalogue.get("part", one).name for one in set(code.tolist())}
    offices = {one: _office(one) for one in names}
    rows: list[Row] = []
    serial: dict[str, int] = {}
    for i, (one, cell) in enumerate(zip(code.tolist(), grid.tolist(), strict=True)):
        serial[one] = serial.get(one, 0) + 1
        own = f"{DIVISION}{one}{serial[one]:06d}"
        authority, maintainer = offices[one]
        changed = midnight - timedelta(days=since[i]) if status[i] else None
        rows.append(
            {"key": own, "code": own, "class_code": one, "name": names[one], "status": _STATUSES[status[i]],
             "authority": authority, "maintainer": maintainer, "grid_code": cell,
             "installed_at": _day(midnight - timedelta(days=age[i])),
             "changed_at": _day(changed) if changed is not None else None,
             "source": "实测" if measured[i] < 0.8 else "地形图"}
        )  # fmt: skip
    return rows


def _office(code: str) -> tuple[str, str]:
    return next(_OFFICES[code[:n]] for n in (5, 2) if code[:n] in _OFFICES)


def _day(at: datetime) -> str:
    return f"{at:%Y%m%d}"
