"""Susceptibility on a real elevation model: a known cause is found again, and where catalogued slides stand."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from onemap.core.cell import cells_of
from onemap.terrain import factors
from onemap.terrain.susceptibility import auc, fit, index, percentile

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "terrain.md"
CAUSE = {"slope_deg": 1.2, "wetness": 0.6, "curvature": -0.5}
SLIDES = 300


@pytest.fixture(scope="module")
def ground(shared_data: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    path = shared_data / "raster" / "mountain_dem_30m.tif"
    res, cells = factors.cells_of(path)
    assert res == factors.FINEST
    columns, known = factors.factors(path, cells)
    keep = known >= factors.LEAST_KNOWN
    names = ("slope_deg", "relief_m", "wetness", "curvature")
    assert all(np.isfinite(columns[name][keep]).all() for name in names)
    return cells[keep], {name: columns[name][keep] for name in names}


def test_a_known_cause_is_found_again(ground: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    cells, columns = ground
    odds = sum(w * (columns[n] - columns[n].mean()) / columns[n].std() for n, w in CAUSE.items())
    base = brentq(lambda b: (1 / (1 + np.exp(-odds - b))).sum() - SLIDES, -40, 10)
    slid = np.random.default_rng(7).random(len(cells)) < 1 / (1 + np.exp(-odds - base))
    model = fit(cells, columns, slid)
    assert model is not None
    found = dict(zip(model.factors, model.coefficients, strict=True))
    for name, true in CAUSE.items():
        assert found[name] == pytest.approx(true, abs=0.25), name
    assert abs(found["relief_m"]) < 0.25
    best = auc(odds, slid)
    assert model.auc > best - 0.02
    assert model.auc > model.auc_index
    told = f"{model.slides} slides, AUC {model.auc:.3f} on held-out ground; the cause itself {best:.3f}"
    assert told in DOCUMENT.read_text(encoding="utf-8"), told


def test_the_table_of_catalogued_slides_is_true(
    ground: tuple[np.ndarray, dict[str, np.ndarray]], shared_data: Path
) -> None:
    cells, columns = ground
    scores = index(columns)
    rows = []
    path = shared_data / "hazards" / "nasa_global_landslide_catalog.csv"
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            try:
                here = cells_of([float(row["longitude"])], [float(row["latitude"])], factors.FINEST)
            except ValueError:
                continue
            at = int(np.searchsorted(cells, here[0]))
            if at < len(cells) and cells[at] == here[0]:
                month, day, year = row["date"].split("/")
                within = row["location_accuracy"].removeprefix("Known_within_").replace("_", " ")
                rows.append(
                    f"| {row['id'].replace(',', '')} | {year}-{int(month):02}-{int(day):02} |"
                    f" {row['landslide_type'].replace('_', ' ')} | {within} | {columns['slope_deg'][at]:.1f} |"
                    f" {scores[at]:.2f} | {percentile(scores, [scores[at]])[0]:.0f} |"
                )
    assert len(rows) == 8
    told = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d+ \|", line)]
    assert told == rows, "\n".join(rows)
