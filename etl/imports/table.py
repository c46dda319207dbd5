"""CSV files with positions in two columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from etl import fields
from etl.feed import Row
from etl.formats import csv
from etl.formats.encoding import decode
from etl.imports import columns
from etl.imports.guess import layer_of
from etl.imports.spec import Found
from onemap.core.datum import Datum, parse_datum
from onemap.core.errors import BadInput
from onemap.store.layer import LayerSpec

_X = ("lon", "longitude", "lng", "long", "经度", "x", "point_x", "easting")
_Y = ("lat", "latitude", "纬度", "y", "point_y", "northing")


def read(path: Path, layer: str | None, datum: str | None, encoding: str | None) -> Found:
    """Read a CSV file of points. Raises BadInput when its columns name no position, or a datum is wanted."""
    rows = list(csv.read_text(decode(path.read_bytes(), encoding)[0]))
    header = list(rows[0].data) if rows else []
    x, y = _column(header, _X), _column(header, _Y)
    if x is None or y is None:
        raise BadInput(
            f"{path.name} has no pair of position columns (such as lon and lat, or X and Y).", reason="no-position"
        )
    good = [row.data for row in rows if row.error is None]
    _check_degrees(path, [(row[x], row[y]) for row in good[:200]], datum)
    spec = layer_of(path.stem, layer, columns=header)
    plan = columns.plan(spec, path.stem, good, positions=(x, y))
    return Found(spec.name, datum or "WGS-84", _rows(rows, plan, spec, x, y), plan.ignored)


def _rows(rows: Sequence[Row], plan: columns.Plan, layer: LayerSpec, x: str, y: str) -> Iterator[Row]:
    for row in rows:
        if row.error is not None:
            yield Row(row.position, {"layer": layer.name, **row.data}, row.error)
            continue
        try:
            if not str(row.data[x]).strip() or not str(row.data[y]).strip():
                raise BadInput("The row has no position.", reason="no-position")
            place = (fields.number(row.data[x], x), fields.number(row.data[y], y))
            values = plan.attributes(row.data)
        except BadInput as exc:
            yield Row(row.position, {"layer": layer.name, **row.data}, exc)
            continue
        key = plan.key(row.data, place)
        yield Row(row.position, {"layer": layer.name, "key": key, "geometry": place, "attributes": values})


def _column(header: Sequence[str], names: Sequence[str]) -> str | None:
    plain = {columns.plain(name): name for name in header}
    return next((plain[name] for name in names if name in plain), None)


def _check_degrees(path: Path, sample: Sequence[tuple[str, str]], datum: str | None) -> None:
    """Positions that are no degrees need their system named: guessing one would put them anywhere."""
    if datum is not None and parse_datum(datum).datum not in (Datum.WGS84, Datum.CGCS2000):
        return
    numbers = []
    for x, y in sample:
        try:
            numbers.append((float(x), float(y)))
        except ValueError:
            continue
    if numbers and sum(abs(x) > 400 or abs(y) > 400 for x, y in numbers) > len(numbers) // 2:
        raise BadInput(
            f"The positions of {path.name} are no degrees; say their system with the option --datum EPSG:n.",
            reason="datum",
        )
