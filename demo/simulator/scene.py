"""The city as the simulator knows it: read from the demo city's folder, positions in local metres."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from shapely.geometry import shape

from demo.city.plan import CENTER_LAT, CENTER_LON, M_PER_DEG_LAT, M_PER_DEG_LON, to_local
from demo.simulator.route import Streets
from demo.simulator.weather import Weather, chance

DRIVABLE = {"trunk", "primary", "secondary", "tertiary", "residential"}


def local(lon: float, lat: float) -> tuple[float, float]:
    """Local metres of a position in degrees."""
    return (lon - CENTER_LON) * M_PER_DEG_LON, (lat - CENTER_LAT) * M_PER_DEG_LAT


def degrees(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of local metres, to a centimetre."""
    return round(CENTER_LON + x / M_PER_DEG_LON, 7), round(CENTER_LAT + y / M_PER_DEG_LAT, 7)


@dataclass(frozen=True)
class Stream:
    """One datastream with where its sensor stands, the hazard it watches and the value that enters level IV."""

    key: str
    prop: str
    kind: str
    x: float
    y: float
    hazard_key: str | None
    enter_iv: float | None


@dataclass(frozen=True)
class Mover:
    """A drone, vehicle or team device at its base."""

    key: str
    name: str
    kind: str
    x: float
    y: float


@dataclass(frozen=True)
class Case:
    """An incident of the past: the pattern new ones are drawn from."""

    kind: str
    code: str
    catalogue: str
    title: str
    lon: float
    lat: float
    grid_code: str
    address: str
    team_key: str


class Ground:
    """Elevation at a place, from the city's elevation model."""

    def __init__(self, path: Path) -> None:
        """Read the whole model; it is small."""
        with rasterio.open(path) as source:
            self.values = source.read(1)
            self.inverse = ~source.transform

    def elevation_m(self, x: float, y: float) -> float:
        """Metres above sea level; outside the model the nearest edge."""
        col, row = self.inverse @ degrees(x, y)
        rows, cols = self.values.shape
        return float(self.values[min(max(int(row), 0), rows - 1), min(max(int(col), 0), cols - 1)])


@dataclass
class Scene:
    """Everything the simulator needs of the city."""

    reach_m: float
    streams: list[Stream]
    movers: list[Mover]
    hazards: dict[str, tuple[float, float]]
    cases: list[Case]
    town_codes: list[str]
    streets: Streets
    ground: Ground

    def susceptibility(self, hazard_key: str) -> float:
        """How readily a slope moves, 0 to 1: a few do, most do not."""
        order = sorted(self.hazards, key=lambda k: chance("slope", k))
        place = order.index(hazard_key) / max(1, len(order) - 1)
        return 1.0 if place == 0 else max(0.04, 0.92 * (1.0 - place) ** 4.5)

    def weather(self, storm: bool) -> Weather:
        """Weather whose storm begins over the slope that gives way first."""
        first = min(self.hazards, key=lambda k: chance("slope", k))
        x, y = self.hazards[first]
        return Weather(storm, x, y, self.reach_m)


def _features(folder: Path, layer: str) -> list[dict[str, Any]]:
    with (folder / f"{layer}.geojson").open(encoding="utf-8") as source:
        found: list[dict[str, Any]] = json.load(source)["features"]
    return found


def load_scene(folder: Path) -> Scene:
    """Read the city's files. Raises OSError when the folder holds no city."""
    city = json.loads((folder / "city.json").read_text(encoding="utf-8"))
    west, south, east, north = city["bounds"]
    reach = float(np.hypot(*(np.array(local(east, north)) - np.array(local(west, south)))) / 1.35)
    spot: dict[str, tuple[float, float]] = {}
    sensor: dict[str, dict[str, Any]] = {}
    for f in _features(folder, "sensor"):
        props = f["properties"]
        sensor[props["key"]] = props
        spot[props["key"]] = local(*f["geometry"]["coordinates"][:2])
    entry = {
        t["datastream_key"]: float(t["enter"])
        for t in json.loads((folder / "thresholds.json").read_text(encoding="utf-8"))
        if t["level"] == 4
    }
    streams = [
        Stream(
            d["key"], d["property"], sensor[d["sensor_key"]]["kind"], *spot[d["sensor_key"]],
            sensor[d["sensor_key"]]["hazard_key"], entry.get(d["key"]),
        )
        for d in json.loads((folder / "datastreams.json").read_text(encoding="utf-8"))
        if sensor[d["sensor_key"]]["status"] == "online"
    ]  # fmt: skip
    movers = [
        Mover(
            f["properties"]["key"],
            f["properties"]["name"],
            f["properties"]["kind"],
            *local(*f["geometry"]["coordinates"]),
        )
        for f in _features(folder, "mover")
    ]
    hazards = {f["properties"]["key"]: local(*f["geometry"]["coordinates"][:2]) for f in _features(folder, "hazard")}
    lines = [shape(f["geometry"]) for f in _features(folder, "road") if f["properties"]["class"] in DRIVABLE]
    streets = Streets(shapely.transform(np.array(lines, dtype=object), to_local).tolist())
    with (folder / "incident.csv").open(encoding="utf-8", newline="") as source:
        cases = [
            Case(r["kind"], r["code"], r["catalogue"], r["title"], float(r["lon"]), float(r["lat"]), r["grid_code"],
                 r["address"], r["team_key"])
            for r in csv.DictReader(source)
        ]  # fmt: skip
    towns = [f["properties"]["code"] for f in _features(folder, "area") if f["properties"]["level"] == "street"]
    return Scene(reach, streams, movers, hazards, cases, towns, streets, Ground(folder / "dem.tif"))
