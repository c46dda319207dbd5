"""GDAL, which nobody here wrote, reads our tiles and our collections."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onemap.layers import LAYERS
from onemap.store.layer import LayerSpec
from tests.contract import samples
from tests.contract.test_layers import path, tile_at

Get = Callable[..., Any]
GEOMETRY = {
    "Point": "Point",
    "MultiPolygon": "Polygon",
    "MultiLineString": "Line String",
    "LineStringZM": "Line String",
}


def ogrinfo(*arguments: str) -> str:
    done = subprocess.run(
        ["ogrinfo", "-ro", "-al", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("layer", LAYERS, ids=[layer.name for layer in LAYERS])
def test_ogrinfo_reads_a_tile(layer: LayerSpec, get: Get, tmp_path: Path) -> None:
    tile = tile_at(max(layer.minzoom, 13), samples.WEST, samples.SOUTH)
    answer = get(path(layer, tile), Accept_Encoding="identity")
    file = tmp_path / "tile.mvt"
    file.write_bytes(answer.content)
    place = ["-oo", f"X={tile.x}", "-oo", f"Y={tile.y}", "-oo", f"Z={tile.z}"]
    found = ogrinfo(str(file), *place)
    assert f"Layer name: {layer.name}" in found
    assert GEOMETRY[layer.geometry] in found
    assert int(re.search(r"Feature Count: (\d+)", found)[1]) > 0  # type: ignore[index]
    assert f"key (String) = {layer.name}-0" in found


def test_ogrinfo_reads_the_items(get: Get, tmp_path: Path) -> None:
    for layer in LAYERS:
        file = tmp_path / f"{layer.name}.geojson"
        file.write_text(json.dumps(get(f"/ogc/collections/{layer.name}/items?limit=1000").json()))
        found = ogrinfo(str(file))
        assert "Feature Count: 25" in found
        assert "WGS 84" in found
