"""What stands and happens on the ground, as a plan counts it: points with measures, footprints, streets, barriers.

Everything that is counted is a point with a row of measures: a building by a point inside it, an incident where it
happened, a road by the middles of its short pieces. A grid's measures are then sums over the points inside it, every
point belongs to exactly one grid (on a shared border to the lower id), and the parts add up to the whole. Lengths are
kept in 1/1024 m, so that sums do not depend on their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
from psycopg.rows import tuple_row
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import NotFound
from onemap.planning.inside import BORDER, Scatter
from onemap.planning.model import TWICE, Measured, Model
from onemap.planning.plane import lengths_m
from onemap.planning.shapes import Box, Feature, Features, Footprints, Geoms
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

if TYPE_CHECKING:
    from onemap.planning.coverage import Coverage

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: Longest piece of a road that is counted at its middle.
PIECE_M = 20.0
_GRAIN = 1024.0
#: Columns of building counts after key and use, as the SQL gives them.
_COUNTED = ("households", "rentals", "residents", "organisations", "vehicles")


@dataclass(frozen=True)
class Area:
    """A community: its outline and its name."""

    code: str
    name: str
    geom: BaseGeometry


@dataclass(frozen=True)
class Tables:
    """Plain rows that facts are made of. Positions in degrees."""

    keys: Sequence[str] = ()
    uses: Sequence[str] = ()
    #: Households, rentals, residents, organisations, vehicles of each building, shape (n, 5).
    counts: Floats | None = None
    footprints: Sequence[bytes] = ()
    #: Lon, lat of incidents, shape (n, 2), and how many days ago each happened.
    incidents: Floats | None = None
    days_ago: Floats | None = None
    #: Lon, lat by what is counted: cameras, sensors, hazards, parts, and parts:cameras, parts:sensors (`TWICE`).
    points: Mapping[str, Floats] | None = None
    features: Sequence[Feature] = ()
    areas: Sequence[Area] = ()


class Facts:
    """What a workload model counts in and around a plan, in memory. It does not change; load anew for newer facts."""

    def __init__(self, model: Model, tables: Tables) -> None:
        self.model = model
        self.footprints = Footprints(tables.footprints)
        self.keys = list(tables.keys)
        self.uses = np.asarray(list(tables.uses), dtype=object)
        self.features = Features(tables.features)
        water, roads = set(model.barriers.water), set(model.barriers.roads)
        #: What a grid may not lie across: water as areas, roads and railways as lines; under a viaduct one may pass.
        self.hard = Features(
            [
                one for one in tables.features
                if (one.layer == "water" and one.kind in water)
                or (one.layer == "road" and one.kind in roads and not one.bridge)
            ]
        )  # fmt: skip
        #: Schools and hospitals as areas of land use.
        self.grounds = Features([one for one in tables.features if one.layer == "landuse"])
        self.areas = {area.code: area for area in tables.areas}
        self._rows: dict[str, int] | None = None
        #: Households of each building, shape (n,), whatever the model counts.
        self.households: Floats = np.zeros(len(self.keys)) if tables.counts is None else tables.counts[:, 0]
        #: Tessellated grids by their ground: see `parting`.
        self.memo: dict[bytes, Geoms] = {}
        xy, values = _points(model, tables, self.footprints)
        #: Positions of everything counted, the buildings first, and their measures, shape (n, m).
        self.values = values
        self.scatter = Scatter(xy)

    @classmethod
    def load(cls, conn: Connection, model: Model, bounds: Box | None, now: datetime) -> Facts:
        """Read the facts in a box of degrees (None: everywhere), incidents of the model's days before `now` (aware)."""
        return cls(model, _read(conn, model, bounds, now))

    @property
    def xy(self) -> Floats:
        """Positions of everything counted, shape (n, 2); row i below the number of buildings is building i."""
        return self.scatter.xy

    def measures(self, polygons: Geoms | Sequence[BaseGeometry], ids: Sequence[str] | None = None) -> Floats:
        """Sums of the measures in polygons, shape (n, m); a point on several borders goes to the lowest id or index."""
        given = np.empty(len(polygons), dtype=object)
        given[:] = list(polygons)
        polygon, point, stand = self.scatter.within(given)
        keep = np.ones(len(polygon), np.bool_)
        tied = np.flatnonzero(stand == BORDER)
        if len(tied):
            rank = np.arange(len(given)) if ids is None else _ranks(ids)
            keep[tied] = False
            ordered = tied[np.lexsort((rank[polygon[tied]], point[tied]))]
            keep[ordered[np.concatenate([[True], np.diff(point[ordered]) != 0])]] = True
        out = np.zeros((len(given), self.values.shape[1]))
        np.add.at(out, polygon[keep], self.values[point[keep]])
        return out

    def of(self, cov: Coverage, faces: Sequence[str]) -> Floats:
        """Measures of faces of a coverage, shape (n, m), in the order of the faces."""
        row = {face: n for n, face in enumerate(faces)}
        out = np.zeros((len(faces), self.values.shape[1]))
        for point, owner in self.assign(cov, faces):
            if owner in row:
                out[row[owner]] += self.values[point].sum(axis=0)
        return out

    def assign(self, cov: Coverage, faces: Sequence[str]) -> list[tuple[Ints, str]]:
        """Who owns the points in and on the faces: (points, face). Points on the border may belong to a face beyond."""
        names = list(faces)
        polygon, point, stand = self.scatter.within(_array(cov.polygons(names)))
        sure = stand != BORDER
        cuts = np.searchsorted(polygon[sure], np.arange(len(names) + 1))
        inside = point[sure]
        out = [(inside[cuts[n] : cuts[n + 1]], face) for n, face in enumerate(names)]
        tied: dict[str, list[int]] = {}
        for one in np.unique(point[~sure]).tolist():
            owner = cov.at(float(self.xy[one, 0]), float(self.xy[one, 1]))
            if owner is not None:
                tied.setdefault(owner, []).append(one)
        return out + [(np.array(points, np.int64), owner) for owner, points in tied.items()]

    # -- shapes -----------------------------------------------------------------------------------------------------

    def buildings(self, keys: Iterable[str]) -> Geoms:
        """Footprints by key, in the order asked for. Raises NotFound (reason "building")."""
        rows = self.rows(keys)
        return self.footprints.take(rows)

    @property
    def rows_by_key(self) -> dict[str, int]:
        """Rows of all buildings by key."""
        if self._rows is None:
            self._rows = {key: row for row, key in enumerate(self.keys)}
        return self._rows

    def rows(self, keys: Iterable[str]) -> Ints:
        """Rows of buildings by key. Raises NotFound (reason "building")."""
        known, wanted = self.rows_by_key, list(keys)
        missing = [key for key in wanted if key not in known]
        if missing:
            named = ", ".join(missing[:3]) + ("…" if len(missing) > 3 else "")
            raise NotFound(f"图上没有建筑 {named} · No such building here: {named}", reason="building")
        return np.array([known[key] for key in wanted], np.int64)

    def roads(self, bounds: Box | None = None, kinds: Iterable[str] | None = None) -> Geoms:
        """Centre lines of roads and railways, of some classes or all."""
        wanted = None if kinds is None else set(kinds)
        return self._lines(bounds, lambda one: one.layer == "road" and (wanted is None or one.kind in wanted))

    def rivers(self, bounds: Box | None = None, kinds: Iterable[str] | None = None) -> Geoms:
        """Water as areas, of some kinds or those of the model's barriers."""
        wanted = set(self.model.barriers.water if kinds is None else kinds)
        return self._lines(bounds, lambda one: one.layer == "water" and one.kind in wanted)

    def barriers(self, bounds: Box | None = None) -> list[Feature]:
        """What a grid may not lie across by the model: water as areas, roads and railways as lines, no viaducts."""
        return self.hard.near(bounds)

    def _lines(self, bounds: Box | None, wanted: Any) -> Geoms:
        return _array([one.geom for one in self.features.near(bounds) if wanted(one)])


def _array(geoms: Sequence[Any] | npt.NDArray[Any]) -> Geoms:
    out = np.empty(len(geoms), dtype=object)
    out[:] = list(geoms)
    return out


def _ranks(ids: Sequence[str]) -> Ints:
    ranks = np.empty(len(ids), np.int64)
    ranks[sorted(range(len(ids)), key=lambda n: ids[n])] = np.arange(len(ids))
    return ranks


def _points(model: Model, tables: Tables, footprints: Footprints) -> tuple[Floats, Floats]:
    """Everything that the model counts, one below the other; all buildings are kept, counted or not."""
    xy, values = [footprints.middles], [_of_buildings(model, tables, len(footprints))]
    points = dict(tables.points or {})
    ages = {"incidents": tables.days_ago if tables.days_ago is not None else np.zeros(0)}
    points["incidents"] = tables.incidents if tables.incidents is not None else np.zeros((0, 2))
    for counted, where in points.items():
        rows = np.zeros((len(where), len(model.measures)))
        for column, measure in enumerate(model.measures):
            if measure.takes(counted):
                rows[:, column] = ages[counted] <= measure.days if counted in ages else 1.0
        used = rows.any(axis=1)
        xy.append(np.asarray(where, np.float64).reshape(-1, 2)[used])
        values.append(rows[used])
    for column, measure in enumerate(model.measures):
        if "roads" in measure.counts:
            where, metres = pieces(measure, tables.features)
            rows = np.zeros((len(where), len(model.measures)))
            rows[:, column] = metres
            xy.append(where)
            values.append(rows)
    return np.concatenate(xy), np.concatenate(values)


def _of_buildings(model: Model, tables: Tables, count: int) -> Floats:
    rows = np.zeros((count, len(model.measures)))
    counts = tables.counts if tables.counts is not None else np.zeros((count, len(_COUNTED)))
    for column, measure in enumerate(model.measures):
        for counted in measure.counts:
            if counted == "buildings":
                rows[:, column] += 1.0
            elif counted in _COUNTED:
                rows[:, column] += counts[:, _COUNTED.index(counted)]
    return rows


def pieces(measure: Measured, features: Sequence[Feature]) -> tuple[Floats, Floats]:
    """Middles of the pieces of the measure's roads, shape (n, 2), and their lengths in metres, in 1/1024 m."""
    without = set(measure.roads_without)
    lines = _array([one.geom for one in features if one.layer == "road" and one.kind not in without])
    parts = shapely.get_parts(lines)
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    same = np.flatnonzero(np.diff(owner) == 0) if len(xy) else np.empty(0, np.int64)
    a, b = xy[same], xy[same + 1]
    length = lengths_m(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    cuts = np.maximum(np.ceil(length / PIECE_M), 1).astype(np.int64)
    which = np.repeat(np.arange(len(same)), cuts)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    share = ((nth + 0.5) / cuts[which])[:, None]
    grains = np.round(length[which] / cuts[which] * _GRAIN) / _GRAIN
    return a[which] + (b - a)[which] * share, grains


def _read(conn: Connection, model: Model, bounds: Box | None, now: datetime) -> Tables:
    west, south, east, north = bounds if bounds is not None else (None, None, None, None)
    asked: dict[str, Any] = {
        "west": west, "south": south, "east": east, "north": north, "now": now,
        "days": max(measure.days for measure in model.measures),
    }  # fmt: skip
    with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        houses = cursor.execute(sql("plan_facts_buildings"), asked).fetchall()
        cases = np.array(cursor.execute(sql("plan_facts_incidents"), asked).fetchall(), np.float64).reshape(-1, 3)
        stands = cursor.execute(sql("plan_facts_points"), asked).fetchall()
        parts = cursor.execute(sql("plan_facts_parts"), asked | twice()).fetchall()
        lines = cursor.execute(sql("plan_facts_lines"), asked).fetchall()
        communities = cursor.execute(sql("plan_facts_areas"), asked).fetchall()
    points = {
        counted: np.array([row[1:] for row in stands if row[0] == counted], np.float64).reshape(-1, 2)
        for counted in ("cameras", "sensors", "hazards")
    } | {counted: np.frombuffer(xy, ">f8").astype(np.float64).reshape(-1, 2) for counted, xy in parts}
    return Tables(
        keys=[row[0] for row in houses],
        uses=[row[1] for row in houses],
        counts=np.array([row[2:7] for row in houses], np.float64).reshape(-1, len(_COUNTED)),
        footprints=[bytes(row[7]) for row in houses],
        incidents=cases[:, :2],
        days_ago=cases[:, 2],
        points=points,
        features=[
            Feature(layer, key, kind, name, bridge, shapely.from_wkb(wkb))
            for layer, key, kind, name, bridge, wkb in lines
        ],
        areas=_areas(communities),
    )


def twice() -> dict[str, list[str]]:
    """The classes of parts that another layer holds as well, and which, as the SQL asks for them."""
    pairs = [(code, layer) for layer, codes in TWICE.items() for code in codes]
    return {"classes": [code for code, _ in pairs], "layers": [layer for _, layer in pairs]}


def _areas(rows: Sequence[tuple[str, str, bytes]]) -> list[Area]:
    """Communities of several polygons are one."""
    found: dict[str, Area] = {}
    for code, name, wkb in rows:
        geom = shapely.from_wkb(wkb)
        found[code] = Area(code, name, geom if code not in found else shapely.union(found[code].geom, geom))
    return list(found.values())
