"""Cold counts in Parquet files by month: differences as rows, and one small file that says which files count.

    <folder>/<surface>/position.json                      epoch, snapshot, number of the last batch, files by month
    <folder>/<surface>/month=2026-05/000042.parquet       sorted by cell and hour, GeoParquet 1.1 (cells' centres)

A batch counts from the moment `position.json` is replaced, so a crash between leaves files that nobody reads. Files are
pruned by month, row groups by the statistics of cell and hour.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from onemap.core.cell import centers
from onemap.core.errors import BadInput
from onemap.heat.cellstore.question import Counted, Position, Question, summed, within
from onemap.heat.count.events import Events

_ROW_GROUP = 1 << 16
_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])
_GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    # WGS-84 longitude, latitude is the standard's own default for a missing crs.
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}


class ParquetStore:
    """A cold store in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def position(self, surface: str) -> Position | None:
        """How far the surface has been followed; None before the first load."""
        state = self._state(surface)
        return Position(state["epoch"], state["snapshot"]) if state["batch"] else None

    def append(self, surface: str, events: Events, position: Position) -> None:
        """Add signed differences and move the position, both or neither."""
        state = self._state(surface)
        batch = state["batch"] + 1
        for month, name in self._write(surface, batch, events):
            state["files"].setdefault(month, []).append(name)
        self._commit(surface, {**state, "batch": batch, "epoch": position.epoch, "snapshot": position.snapshot})

    def replace(self, surface: str, events: Events, position: Position) -> None:
        """Put these events in the place of all there are, with the position, both or neither."""
        batch = self._state(surface)["batch"] + 1
        files = {month: [name] for month, name in self._write(surface, batch, events)}
        self._commit(
            surface, {"batch": batch, "epoch": position.epoch, "snapshot": position.snapshot, "files": files}
        )  # fmt: skip

    def compact(self, surface: str, *, at_least: int = 8) -> int:
        """Sum up every month of so many files or more into one file; returns how many files that saved."""
        state = self._state(surface)
        batch, saved = state["batch"] + 1, 0
        for month, names in state["files"].items():
            if len(names) < at_least:
                continue
            table = pads.dataset(self._paths(surface, {month: names}), format="parquet").to_table(
                columns=["cell", "hour", "category", "source", "severity", "n"]
            )
            keys = ["cell", "hour", "category", "source", "severity"]
            table = table.group_by(keys).aggregate([("n", "sum")]).rename_columns([*keys, "n"])
            table = table.filter(pc.not_equal(table["n"], 0))
            self._put(surface, month, batch, table.set_column(5, "n", table["n"].cast(pa.int32())))
            state["files"][month] = [_name(batch)]
            saved += len(names) - 1
        if saved:
            self._commit(surface, {**state, "batch": batch})
        return saved

    def counts(self, question: Question) -> Counted:
        """Sum what is counted by cell at the question's resolution."""
        none = Counted(np.empty(0, np.int64), np.empty(0, np.int64))
        if not len(question.hours) or (question.ranges is not None and not len(question.ranges)):
            return none
        while True:
            state = self._state(question.surface)
            paths = self._paths(question.surface, _touched(state["files"], question))
            if not paths:
                return none
            try:
                table = pads.dataset(paths, format="parquet").to_table(
                    columns=["cell", "hour", "n"], filter=_filter(question)
                )
            except FileNotFoundError:
                if self._state(question.surface) == state:
                    raise
                continue  # summed up or replaced meanwhile: what counts now is in other files
            hours = table["hour"].to_numpy()
            kept = within(hours, question.hours)
            return summed(table["cell"].to_numpy()[kept], table["n"].to_numpy()[kept], question)

    def _state(self, surface: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self._home(surface) / "position.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"batch": 0, "epoch": 0, "snapshot": "", "files": {}}
        return found

    def _commit(self, surface: str, state: dict[str, Any]) -> None:
        home = self._home(surface)
        home.mkdir(parents=True, exist_ok=True)
        draft = home / "position.json.draft"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(home / "position.json")
        counted = {str(path) for path in self._paths(surface, state["files"])}
        for path in home.glob("month=*/*.parquet"):
            if str(path) not in counted:
                path.unlink()

    def _write(self, surface: str, batch: int, events: Events) -> Iterable[tuple[str, str]]:
        months = events.hour.astype("datetime64[h]").astype("datetime64[M]")
        for month in np.unique(months):
            own = events.taken(months == month)
            table = pa.table(
                {
                    "cell": own.cell, "hour": own.hour,
                    "category": _texts(events.categories, own.category),
                    "source": _texts(events.sources, own.source),
                    "severity": own.severity, "n": own.n,
                }
            )  # fmt: skip
            self._put(surface, str(month), batch, table)
            yield str(month), _name(batch)

    def _put(self, surface: str, month: str, batch: int, table: pa.Table) -> None:
        table = table.sort_by([("cell", "ascending"), ("hour", "ascending")])
        points = _points(table["cell"].to_numpy())
        table = table.append_column("geometry", points).replace_schema_metadata({"geo": json.dumps(_GEO)})
        path = self._home(surface) / f"month={month}" / _name(batch)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, row_group_size=_ROW_GROUP, compression="zstd")

    def _paths(self, surface: str, files: dict[str, list[str]]) -> list[str]:
        home = self._home(surface)
        return [str(home / f"month={month}" / name) for month, names in sorted(files.items()) for name in names]

    def _home(self, surface: str) -> Path:
        if not surface.isidentifier():
            raise BadInput(f"{surface[:40]!r} is no name of a surface.", reason="surface")
        return self._folder / surface


def _name(batch: int) -> str:
    return f"{batch:06d}.parquet"


def _texts(names: tuple[str, ...], codes: npt.NDArray[np.int16]) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(codes, pa.int32()))


def _points(cells: npt.NDArray[np.int64]) -> pa.Array:
    """The cells' centres as WKB."""
    points = np.empty(len(cells), _POINT)
    points["order"], points["type"] = 1, 1
    points["x"], points["y"] = centers(cells)
    width = _POINT.itemsize
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(cells), [None, pa.py_buffer(points.tobytes())])
    return fixed.cast(pa.binary())


def _touched(files: dict[str, list[str]], question: Question) -> dict[str, list[str]]:
    """The months that the question's hours touch."""
    first = question.hours[:, 0].astype("datetime64[h]").astype("datetime64[M]")
    last = (question.hours[:, 1] - 1).astype("datetime64[h]").astype("datetime64[M]")
    spans = np.unique(np.column_stack([first, last]), axis=0)
    return {
        month: names
        for month, names in files.items()
        if bool(np.any((spans[:, 0] <= np.datetime64(month, "M")) & (spans[:, 1] >= np.datetime64(month, "M"))))
    }


def _filter(question: Question) -> pc.Expression:
    """What row groups can be left out by, and rows after them; single intervals of hours are looked at later."""
    hour, cell = pc.field("hour"), pc.field("cell")
    kept = (hour >= int(question.hours[0, 0])) & (hour < int(question.hours[-1, 1]))
    if question.ranges is not None:
        spans = [(cell >= low) & (cell <= high) for low, high in question.spans]
        either = spans[0]
        for span in spans[1:]:
            either = either | span
        kept = kept & either
    for name, wanted in (("category", question.categories), ("source", question.sources)):
        if wanted:
            kept = kept & pc.field(name).isin(pa.array(wanted, pa.string()))
    if question.severities:
        kept = kept & pc.field("severity").isin(pa.array(question.severities, pa.int8()))
    return kept
