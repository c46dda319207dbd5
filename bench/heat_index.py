"""Coordinates to cells, 10 M points of a city: ours beside a loop over h3, and beside polars-h3."""

from __future__ import annotations

import time
from collections.abc import Callable

import h3.api.basic_int as h3
import numpy as np
import polars as pl
import polars_h3

from bench.ground import Ground
from bench.row import Row, faster, interleaved
from onemap.core import cell
from onemap.core.index import asks

POINTS, RES = 10_000_000, 15
#: The loop's rate does not depend on the length; all of the points would take a minute for five rounds.
LOOPED = 1_000_000


def city_points(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Half the points spread over a box of 1 by 0.8 degrees, half in clusters as incidents lie."""
    random = np.random.default_rng(seed)
    lon, lat = 120.0 + random.random(n), 30.0 + 0.8 * random.random(n)
    crowd = n // 2
    places = np.column_stack([120.2 + 0.6 * random.random(200), 30.1 + 0.6 * random.random(200)])
    own = places[random.integers(0, 200, crowd)]
    lon[:crowd], lat[:crowd] = own[:, 0] + random.normal(0, 0.01, crowd), own[:, 1] + random.normal(0, 0.01, crowd)
    order = random.permutation(n)
    return lon[order], lat[order]


def rows(_: Ground) -> list[Row]:
    """`heat.index_h3` and `heat.index_polars`."""
    lon, lat = city_points(POINTS)
    frame = pl.DataFrame({"lat": lat, "lon": lon})
    few = list(zip(lat[:LOOPED].tolist(), lon[:LOOPED].tolist(), strict=True))

    def ours() -> np.ndarray:
        return cell.cells_of(lon, lat, RES)

    def loop() -> list[int]:
        to_cell = h3.latlng_to_cell
        return [to_cell(y, x, RES) for y, x in few]

    def peer() -> pl.DataFrame:
        return frame.select(polars_h3.latlng_to_cell("lat", "lon", RES, return_dtype=pl.UInt64).alias("cell"))

    found = ours()
    assert np.array_equal(found[:LOOPED], loop())
    assert np.array_equal(found, peer()["cell"].to_numpy().astype(np.int64))
    share = asks(lon, lat, RES) / POINTS

    def rate(work: Callable[[], object], n: int) -> Callable[[], float]:
        def once() -> float:
            start = time.perf_counter()
            work()
            return n / (time.perf_counter() - start) / 1e6

        return once

    mine, looped, polars = interleaved(5, rate(ours, POINTS), rate(loop, LOOPED), rate(peer, POINTS))
    note = f"resolution {RES}, {POINTS:,} points, all equal; {share:.1e} of them asked of h3"
    return [
        faster("heat.index_h3", mine, looped, "loop over h3", "M points/s", 15, f"{note}; loop: {LOOPED:,} of them"),
        faster("heat.index_polars", mine, polars, "polars-h3", "M points/s", 3, note),
    ]
