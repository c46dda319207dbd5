"""Counts at eight resolutions from 20 M stored cells: ours beside ClickHouse's engine, embedded."""

from __future__ import annotations

import io
import time

import chdb
import numpy as np
import pandas as pd

from bench.ground import Ground
from bench.heat_index import city_points
from bench.row import Row, faster, interleaved
from onemap.core.cell import cells_of
from onemap.heat.count.pyramid import pyramid

CELLS, RESOLUTIONS = 20_000_000, range(5, 13)
#: Passes in a row of each in every round: the first after the other's turn pays for memory that the other gave back.
PASSES = 3


def rows(_: Ground) -> list[Row]:
    """`heat.pyramid`: cells a second through all eight resolutions."""
    cells = cells_of(*city_points(CELLS, seed=7))
    session = chdb.connect(":memory:")
    session.query("CREATE TABLE stored (cell UInt64) ENGINE = Memory")
    held = pd.DataFrame({"cell": cells.astype(np.uint64)})
    session.query("INSERT INTO stored SELECT cell FROM Python(held)")
    assert held is not None  # read by name in the statement above

    def ours() -> float:
        start = time.perf_counter()
        for _ in range(PASSES):
            pyramid(cells, RESOLUTIONS)
        return PASSES * CELLS / (time.perf_counter() - start) / 1e6

    def peer() -> float:
        start = time.perf_counter()
        for res in list(RESOLUTIONS) * PASSES:
            # The groups are made in full and then only counted: handing them over is not measured.
            session.query(f"SELECT count(), sum(n) FROM ({grouped(res)})")
        return PASSES * CELLS / (time.perf_counter() - start) / 1e6

    found = pyramid(cells, RESOLUTIONS)
    for res in (5, 9):
        theirs = session.query(f"{grouped(res)} ORDER BY cell", "Arrow")
        table = np.asarray(pd.read_feather(io.BytesIO(theirs.bytes())).to_numpy(), np.int64)
        assert np.array_equal(table[:, 0], found[res].cells)
        assert np.array_equal(table[:, 1], found[res].counts)
    mine, other = interleaved(5, ours, peer)
    note = (
        f"{CELLS:,} cells of resolution 15 in memory for both, {len(found[12].cells):,} distinct at 12; ours sorted"
        f" and ready to use, theirs grouped only; {PASSES} passes of each in a row; two resolutions compared cell by"
        " cell"
    )
    session.close()
    return [faster("heat.pyramid", mine, other, "chdb GROUP BY h3ToParent", "M cells/s", 5, note)]


def grouped(res: int) -> str:
    """The peer's statement for one resolution."""
    return f"SELECT h3ToParent(cell, {res}) AS cell, count() AS n FROM stored GROUP BY cell"
