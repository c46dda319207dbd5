"""English counts."""

from __future__ import annotations

from onemap.core.words import many


def test_one_grid_and_two_grids() -> None:
    assert [many(n, "grid") for n in (0, 1, 2, -1, 21)] == ["0 grids", "1 grid", "2 grids", "-1 grid", "21 grids"]
    assert many(1, "edit fits", "edits fit") == "1 edit fits"
    assert many(3, "edit fits", "edits fit") == "3 edits fit"
