"""After an import the map opens where the data is, unless that is where it opens already."""

from __future__ import annotations

import json
from pathlib import Path

from shapely.geometry import box, mapping

from etl.importer import import_file, move_map
from onemap.store.db import Connection


def _file(folder: Path, name: str, west: float, south: float) -> Path:
    path = folder / f"{name}.geojson"
    member = {
        "type": "Feature",
        "properties": {"key": name},
        "geometry": mapping(box(west, south, west + 0.1, south + 0.1)),
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [member]}))
    return path


def test_the_map_moves_to_what_lies_elsewhere(dsn: str, tmp_path: Path, committed: Connection) -> None:
    first = import_file(dsn, _file(tmp_path, "here", 110.4, 29.1), layer="landuse")
    assert move_map(dsn, first, "here") == "here"
    row = committed.execute("SELECT name, bounds, center, zoom, demo FROM city").fetchone()
    assert row is not None
    assert row["center"] == [110.45, 29.15] or abs(row["center"][0] - 110.45) < 1e-9
    assert 11 < row["zoom"] < 14
    inside = import_file(dsn, _file(tmp_path, "beside", 110.45, 29.12), layer="landuse")
    assert move_map(dsn, inside, "beside") is None
    away = import_file(dsn, _file(tmp_path, "away", 9.5, 47.1), layer="landuse")
    assert move_map(dsn, away, "away") == "away"
    found = committed.execute("SELECT count(*) AS n, min(name) AS name FROM city").fetchone()
    assert found == {"n": 1, "name": "away"}
