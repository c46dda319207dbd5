"""A new layer is one file and one line: made here in a copy of the packages, and then it is at every door."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, fresh_database

PACKAGES = ("onemap", "tiles", "etl", "server")
FILE = '''"""Street trees."""

from __future__ import annotations

from sqlalchemy import Column, Double
from sqlalchemy import Text as TextType

from onemap.core.policy import INSIDE
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table

TABLE = feature_table("tree", "Point", [Column("species", TextType), Column("height_m", Double)])

LAYER = LayerSpec(
    name="tree",
    title=Text("行道树", "Street trees"),
    table=TABLE,
    geometry="Point",
    group="assets",
    minzoom=12,
    attributes=(
        Attribute("species", Text("树种", "Species")),
        Attribute("height_m", Text("高度", "Height"), "number", unit="m", roles=INSIDE),
    ),
)
'''
DRIVE = """
import json, sys
from pathlib import Path
import mapbox_vector_tile
from shapely.geometry import Point
from starlette.testclient import TestClient
from onemap.core.settings import Settings
from onemap.layers import BY_NAME, LAYERS
from onemap.store import account, feature
from onemap.store.db import connect
from onemap.store.feature import FeatureRow
from onemap.store.migrate import migrate
from server.app import create_app
from tiles.grid import HALF_M, mercator

dsn, home = sys.argv[1], Path(sys.argv[2])
migrate(dsn, LAYERS)
with connect(dsn) as conn:
    values = {"species": "银杏", "height_m": 8.5}
    rows = [FeatureRow(f"tree-{i}", Point(106.5 + i / 1e4, 29.6), values) for i in range(3)]
    feature.upsert(conn, BY_NAME["tree"], rows, feed="test")
    keys = {role: account.create_api_key(conn, role, role) for role in ("command", "viewer")}
x, y = mercator(106.5, 29.6)
column, row = int((x + HALF_M) / HALF_M * 4096), int((HALF_M - y) / HALF_M * 4096)
out = {}
with TestClient(create_app(Settings(database_url=dsn, home=home, secret_key="of no account"))) as client:
    for role, key in keys.items():
        headers = {"Authorization": f"Bearer {key}"}
        def get(path):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200, (path, answer.text)
            return answer
        tile = mapbox_vector_tile.decode(get(f"/tiles/tree/13/{column}/{row}.mvt").content)["tree"]
        out[role] = {
            "tile": [one["properties"] for one in tile["features"]],
            "items": [one["properties"] for one in get("/ogc/collections/tree/items?species=银杏").json()["features"]],
            "found": [(one["layer"], one["key"]) for one in get("/search?q=tree-1").json()["items"]],
            "tilejson": sorted(get("/tiles/tree.json").json()["vector_layers"][0]["fields"]),
            "catalogue": [one for one in get("/catalogue").json()["layers"] if one["name"] == "tree"],
            "collections": "tree" in [one["id"] for one in get("/ogc/collections").json()["collections"]],
        }
    past = client.get("/ogc/collections/tree/items?datetime=2020-01-01T00:00:00Z", headers=headers).json()
    out["past"] = past["features"]
with connect(dsn) as conn:
    out["log"] = conn.execute("SELECT count(*) AS n FROM change_log WHERE layer = 'tree'").fetchone()["n"]
print(json.dumps(out, ensure_ascii=False))
"""


def test_a_new_layer_is_one_file_and_one_line(cluster: object, template: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "onemap" / "layers" / "tree.py").write_text(FILE)
    registry = source / "onemap" / "layers" / "__init__.py"
    text = registry.read_text()
    # The one line of the tuple, and the name it needs.
    text = text.replace("    track,\n", "    track,\n    tree,\n", 1)
    text = text.replace("    track.LAYER,\n", "    track.LAYER,\n    tree.LAYER,\n", 1)
    registry.write_text(text)
    with fresh_database(cluster, template, "t_new_layer") as dsn:  # type: ignore[arg-type]
        done = subprocess.run(
            [sys.executable, "-c", DRIVE, dsn, str(tmp_path / "home")],
            cwd=source, env={"PYTHONPATH": str(source), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    for role, names in (("command", {"key", "species", "height_m"}), ("viewer", {"key", "species"})):
        one = found[role]
        assert [set(properties) for properties in one["tile"]] == [names] * 3
        assert [set(properties) for properties in one["items"]] == [names] * 3
        assert set(one["tilejson"]) == names
        assert one["collections"] is True
        assert one["found"] == [["tree", "tree-1"]]
        (told,) = one["catalogue"]
        assert told["title"] == {"zh": "行道树", "en": "Street trees"}
        assert {attribute["name"] for attribute in told["attributes"]} == names - {"key"}
    assert found["past"] == []
    assert found["log"] == 3
