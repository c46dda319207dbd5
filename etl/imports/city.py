"""A city's folder: its layers in the order in which they refer to each other, its readings' registers, its terrain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from etl import fields
from etl.feed import Envelope
from etl.feeds import incident
from etl.imports import vector
from etl.imports.raster import import_dem
from etl.imports.spec import import_spec
from etl.imports.summary import ImportSummary
from etl.imports.writer import Progress, Writer, land_file
from etl.pipeline import Pipeline
from onemap.core.errors import BadInput
from onemap.core.settings import Settings
from onemap.layers import BY_NAME
from onemap.store.db import Connection, acting
from onemap.store.sqlfile import sql

#: Layers in the order of import; those not named come last.
ORDER = (
    "area", "grid", "team", "geofence", "landuse", "water", "road", "contour", "place", "building", "camera", "part",
    "hazard", "hazard_zone", "sensor", "mover",
)  # fmt: skip
_ACTOR = "import"


def import_folder(
    conn: Connection, settings: Settings, folder: Path, progress: Progress | None = None
) -> ImportSummary:
    """Take in a city's folder. Raises BadInput when city.json or a register is missing or malformed."""
    city = _city(folder)
    pipeline = Pipeline(settings)
    total = ImportSummary()

    def tell(text: str) -> None:
        if progress is not None:
            progress(text)

    # The unit grid of an incident is looked up in the current edition, so the city's row comes first.
    with acting(conn, _ACTOR):
        conn.execute(sql("ingest_city"), city)
    names = [name for name in (*ORDER, *BY_NAME) if (folder / f"{name}.geojson").is_file()]
    for name in dict.fromkeys(names):
        tell(name)
        path = folder / f"{name}.geojson"
        found = vector.read_geojson(path, name, None, None)
        feed = import_spec(found.datum, None)
        writer = Writer(conn, pipeline, feed, land_file(conn, feed, path, _ACTOR), path.name, _ACTOR, progress)
        total.merge(writer.write(found.rows, name))
    for name in ("datastream", "threshold"):
        tell(name)
        total.merge(_register(conn, folder / f"{name}s.json", name))
    if (folder / "incident.csv").is_file():
        tell("incident")
        total.merge(_incidents(conn, pipeline, folder / "incident.csv", progress))
    if (folder / "dem.tif").is_file():
        tell("dem")
        total.merge(
            import_dem(
                conn, folder / "dem.tif", settings.home_path, _ACTOR, contours=not (folder / "contour.geojson").exists()
            )
        )
    return total


def _incidents(conn: Connection, pipeline: Pipeline, path: Path, progress: Progress | None) -> ImportSummary:
    """Past incidents go through the incident feed's own mapping, grid and clocks."""
    feed = incident.FEED
    writer = Writer(conn, pipeline, feed, land_file(conn, feed, path, _ACTOR), path.name, _ACTOR, progress)
    return writer.write(feed.format(path.read_bytes(), Envelope(path.name)), "incident")


def _register(conn: Connection, path: Path, name: str) -> ImportSummary:
    """Datastreams or thresholds: rows by key, changed only where they differ."""
    summary = ImportSummary()
    if not path.is_file():
        return summary
    rows = _json(path)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) and row.get("key") for row in rows):
        raise BadInput(f"{path.name} is no array of objects with a key.", reason="json")
    # A rule without a hazard point has nothing to raise a warning on.
    whole = [row for row in rows if name != "threshold" or row.get("hazard_key")]
    if len(whole) < len(rows):
        summary.count(name).skipped = len(rows) - len(whole)
        summary.because("threshold without hazard point", len(rows) - len(whole))
    with acting(conn, _ACTOR):
        taken = conn.execute(sql(f"ingest_{name}"), {"rows": Jsonb(whole)}).rowcount
    summary.count(name).taken = taken
    summary.count(name).unchanged = len(whole) - taken
    return summary


def _city(folder: Path) -> dict[str, Any]:
    path = folder / "city.json"
    if not path.is_file():
        raise BadInput(f"{folder.name} holds no city.json.", reason="missing")
    data = _json(path)
    if not isinstance(data, Mapping):
        raise BadInput("city.json is no object.", reason="json")
    bounds, center = data.get("bounds"), data.get("center")
    if not (isinstance(bounds, list) and len(bounds) == 4 and isinstance(center, list) and len(center) == 2):
        raise BadInput("city.json needs bounds [west, south, east, north] and center [lon, lat].", reason="missing")
    return {
        "name": fields.text(fields.needed(data, "name"), "name"),
        "name_en": fields.text(data.get("name_en") or "", "name_en"),
        "bounds": [fields.number(value, "bounds", low=-180, high=180) for value in bounds],
        "center": [fields.number(value, "center", low=-180, high=180) for value in center],
        "zoom": fields.number(data.get("zoom", 12), "zoom", low=0, high=24),
        "edition": fields.text(data.get("edition") or "", "edition"),
    }


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as exc:
        raise BadInput(f"{path.name} is no readable JSON: {exc}.", reason="json") from exc
