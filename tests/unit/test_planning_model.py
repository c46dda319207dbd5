"""Workload models as files: what ships, what a data home adds, what is refused and how."""

from __future__ import annotations

from pathlib import Path

import pytest

from onemap.core.errors import NotFound, SetupError
from onemap.planning.model import SHIPPED, model_of, models

_OWN = (SHIPPED / "households.toml").read_text(encoding="utf-8")


def test_shipped_models() -> None:
    shipped = models(None)
    assert list(shipped) == ["households", "standard"]
    assert shipped["standard"].keys == ("buildings", "households", "rentals", "incidents", "parts", "patrol_m")
    assert shipped["standard"].column("patrol_m") == 5
    assert shipped["standard"].column("nothing") is None


def test_a_home_adds_and_replaces(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "own.toml").write_text(
        _OWN.replace('key = "households"\ntitle', 'key = "own"\ntitle', 1), encoding="utf-8"
    )
    (folder / "mine.toml").write_text(_OWN.replace("most = 1.3", "most = 1.5"), encoding="utf-8")
    assert list(models(tmp_path)) == ["households", "own", "standard"]
    assert model_of(tmp_path, "households").most == 1.5
    with pytest.raises(NotFound, match="No workload model nobody"):
        model_of(tmp_path, "nobody")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("tolerance = 0.10", "tolerence = 0.10", "there is no such key"),
        ("weight = 1.0", "weight = -1.0", "measures.0.weight"),
        ("weight = 1.0", "weight = 0.0", "at least one must have a weight"),
        ('counts = ["households"]', 'counts = ["souls"]', "measures.0.counts.0"),
        ('counts = ["households"]', 'counts = ["roads", "households"]', "cannot be added"),
        ('key = "buildings"', 'key = "households"', "two have the same key"),
        ("least = 0.5", "least = [", "cannot be read as TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    assert old in _OWN
    (folder / "bad.toml").write_text(_OWN.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SetupError, match=r"bad\.toml") as told:
        models(tmp_path)
    assert says in str(told.value)
