"""Incidents of the closed loop: dropped as CSV or GeoJSON, or pushed; coded by the catalogue, never with persons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from etl import coding, fields
from etl.feed import LOCAL, Context, FeatureRecord, FeedSpec, Record
from etl.formats.sniffed import geojson_or_csv
from etl.placing import grids_of
from onemap.core.catalogue import default_version, versions
from onemap.core.code import parse_grid_code
from onemap.core.errors import BadInput
from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow
from onemap.store.layer import Text
from onemap.store.sqlfile import sql

#: The order in which a case moves; a file that is older than the case does not move it back.
STATUSES = ("reported", "dispatched", "on_site", "resolved", "closed")
_TEXTS = ("title", "source", "status", "address", "team_key")
_TIMES = (
    "occurred_at",
    "reported_at",
    "dispatched_at",
    "on_site_at",
    "resolved_at",
    "closed_at",
)
_DUE = ("due_on_site_at", "due_resolved_at", "due_followup_at")


def incident(record: Mapping[str, Any], context: Context) -> Iterable[Record]:
    """Map a CSV row (lon, lat columns) or a GeoJSON feature. A field that is empty keeps what is known."""
    row = record["properties"]
    kind, code, catalogue = _coded(row)
    values: dict[str, Any] = {"kind": kind, "code": code, "catalogue": catalogue}
    for name in _TEXTS:
        found = fields.present(row, name)
        if found is not None:
            values[name] = fields.text(found, name)
    severity = fields.present(row, "severity")
    if severity is not None:
        values["severity"] = fields.integer(severity, "severity", low=1, high=4)
    for name in (*_TIMES, *_DUE):
        found = fields.present(row, name)
        if found is not None:
            values[name] = context.time(found, future=name in _DUE)
    grid = fields.present(row, "grid_code")
    if grid is not None:
        values["grid_code"] = str(parse_grid_code(fields.text(grid, "grid_code")))
    if "title" not in values:
        values["title"] = coding.catalogue(catalogue).get(kind, code).name
    if "reported_at" in values:
        values.setdefault("occurred_at", values["reported_at"])
    elif "occurred_at" not in values:
        raise BadInput("The incident has neither occurred_at nor reported_at.", reason="missing")
    key = fields.key(fields.needed({**row, "_id": record.get("id")}, "key", "id", "_id"))
    yield FeatureRecord("incident", key, _place(record, row), values, at=_newest(values))


def _coded(row: Mapping[str, Any]) -> tuple[Literal["part", "matter"], str, str]:
    kind = fields.text(fields.present(row, "kind") or "matter", "kind")
    if kind not in ("part", "matter"):
        raise BadInput(f"kind is {kind[:40]!r}; part or matter is wanted.", reason="unknown-value")
    code = fields.text(fields.needed(row, "code"), "code").zfill(5)  # spreadsheets drop the leading zero
    catalogue = fields.text(fields.present(row, "catalogue") or default_version(), "catalogue")
    if catalogue not in versions():
        raise BadInput(f"Catalogue {catalogue[:60]!r} is not known.", reason="catalogue")
    found: Literal["part", "matter"] = "part" if kind == "part" else "matter"
    coding.catalogue(catalogue).get(found, code)
    return found, code, catalogue


def _place(record: Mapping[str, Any], row: Mapping[str, Any]) -> Any:
    if record.get("geometry") is not None:
        return record["geometry"]
    lon, lat = fields.present(row, "lon", "longitude"), fields.present(row, "lat", "latitude")
    if lon is None and lat is None:
        return None  # an update of a case whose place is known
    return fields.number(lon, "lon"), fields.number(lat, "lat")


def _newest(values: Mapping[str, Any]) -> datetime:
    times: list[datetime] = [values[name] for name in _TIMES if name in values]
    return max(times)


def enrich(conn: Connection, rows: Sequence[FeatureRow], clocks: CaseSettings) -> list[FeatureRow]:
    """Add the unit grid and the clocks, and leave out a status that would move a case back."""
    found = conn.execute(sql("ingest_incident_known"), {"keys": [row.key for row in rows]}).fetchall()
    known = {row["key"]: row for row in found}
    grids = grids_of(conn, [row for row in rows if _wants_grid(row, known.get(row.key))])
    out = []
    for row in rows:
        values, before = dict(row.attributes), known.get(row.key)
        if row.key in grids:
            values["grid_code"] = grids[row.key]
        if before is None:
            values.setdefault("status", _status_of(values))
            values.setdefault("source", "import")
        elif _rank(values.get("status")) < _rank(before["status"]):
            values.pop("status", None)
        _clocks(values, before["dispatched_at"] if before else None, clocks)
        out.append(FeatureRow(row.key, row.geom, values, row.datum))
    return out


def _wants_grid(row: FeatureRow, before: Mapping[str, Any] | None) -> bool:
    return row.geom is not None and "grid_code" not in row.attributes and not (before and before["grid_code"])


def _rank(status: str | None) -> int:
    return STATUSES.index(status) if status in STATUSES else -1


def _status_of(values: Mapping[str, Any]) -> str:
    """The furthest stage that has a time."""
    return next((s for s in reversed(STATUSES[1:]) if f"{s}_at" in values), "reported")


def _clocks(values: dict[str, Any], dispatched: datetime | None, clocks: CaseSettings) -> None:
    """The clock runs from dispatch, or from the report until there is one."""
    start = values.get("dispatched_at") or dispatched or values.get("reported_at")
    if start is None:
        return
    for name, seconds in zip(_DUE, (clocks.on_site_s, clocks.resolved_s, clocks.followup_s), strict=True):
        values.setdefault(name, start + timedelta(seconds=seconds))


FEED = FeedSpec(
    name="incident",
    title=Text("事件", "Incidents"),
    format=geojson_or_csv,
    mapping=incident,
    zone=LOCAL,
    pushed=True,
    dropped=True,
    enrich=enrich,
    stale_after_s=None,
)
