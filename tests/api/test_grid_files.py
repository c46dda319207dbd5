"""Files of grids through the doors: exported, looked at, and made a plan; what does not fit is said before."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import shapely
import shapely.ops

from onemap.core.datum import from_wgs84
from onemap.core.policy import Role
from onemap.layers import BY_NAME
from onemap.planning import book
from onemap.planning.exchange.read import read_grids
from onemap.planning.grounds import coverage_of_edition
from onemap.store import account, feature
from onemap.store.db import acting, connect
from onemap.store.feature import FeatureRow
from tests.api.conftest import PASSWORD, Running
from tests.db.plans_ground import EDITION, WEST, city, grid
from tests.unit.grid_files_ground import shapefile, zipped

Shapes = dict[str, shapely.Geometry]


@pytest.fixture(scope="module", autouse=True)
def _city(server: Running) -> None:
    with connect(server.dsn) as conn:
        city(conn)
        with acting(conn, "test"):
            conn.execute("UPDATE grid SET kind = 'special', special = 'school' WHERE code = %s", (grid(0, 0),))
        conn.commit()


@pytest.fixture
def planner(server: Running) -> Iterator[httpx.Client]:
    with server.client(Role.PLANNER) as client:
        yield client


def _export(client: httpx.Client, path: str, **asked: str) -> Shapes:
    answer = client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    found = read_grids(answer.content, "x")
    return {str(row["code"]): shape for row, shape in zip(found.rows, found.shapes, strict=True)}


def _ground(server: Running) -> Shapes:
    with connect(server.dsn) as conn:
        cov = coverage_of_edition(conn, EDITION)
    return dict(zip(cov.faces, cov.polygons(list(cov.faces)), strict=True))


def _geojson(shapes: Shapes, names: dict[str, str] | None = None) -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": (names or {}).get(code, code)},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for code, shape in shapes.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def _look(client: httpx.Client, data: bytes, name: str = "网格.geojson", **fields: str) -> httpx.Response:
    return client.post("/plan-imports", files={"file": (name, data)}, data=fields)


def _equal(one: Shapes, other: Shapes) -> bool:
    def plain(shape: shapely.Geometry) -> shapely.Geometry:
        return shapely.normalize(shapely.MultiPolygon(shapely.get_parts(shape).tolist()))

    return set(one) == set(other) and all(
        shapely.equals_identical(plain(one[code]), plain(other[code])) for code in one
    )


@pytest.mark.parametrize(
    ("form", "encoding"), [("geojson", "utf-8"), ("gpkg", "utf-8"), ("shp", "utf-8"), ("shp", "gbk")]
)
def test_an_edition_goes_out_and_comes_back_unchanged(
    server: Running, planner: httpx.Client, form: str, encoding: str
) -> None:
    out = planner.get(f"/editions/{EDITION}/export", params={"format": form, "encoding": encoding})
    assert out.status_code == 200
    assert _equal(_export(planner, f"/editions/{EDITION}/export", format=form, encoding=encoding), _ground(server))
    if form == "shp":
        with zipfile.ZipFile(io.BytesIO(out.content)) as archive:
            said = next(name for name in archive.namelist() if name.endswith(".cpg"))
            assert archive.read(said).decode() == encoding.upper()
    assert {row["code"]: row["special"] for row in read_grids(out.content, "x").rows if row["special"]} == {
        grid(0, 0): "school"
    }
    looked = _look(planner, out.content, "版本.zip").json()
    assert looked["problems"] == []
    assert looked["repairs"] == []
    assert looked["datum"] == "WGS-84"
    assert looked["edition"] == EDITION
    plan = planner.post(
        "/plan-imports/confirm", json={"token": looked["token"], "name": "原样", "accept_repairs": False}
    )
    assert plan.status_code == 201, plan.text
    assert plan.json()["base"] == EDITION
    assert _equal(_export(planner, f"/plans/{plan.json()['key']}/export", format=form), _ground(server))
    # It was used: the same file again is looked at again.
    again = planner.post("/plan-imports/confirm", json={"token": looked["token"], "name": "b", "accept_repairs": True})
    assert again.status_code == 404


def test_repairs_are_shown_and_agreed_to_first(server: Running, planner: httpx.Client) -> None:
    ground = _ground(server)
    grown = {code: shapely.buffer(shape, 1e-5, join_style="mitre") for code, shape in ground.items()}
    looked = _look(planner, _geojson(grown)).json()
    assert {repair["kind"] for repair in looked["repairs"]} == {"overlap", "outside"}
    assert looked["repaired_m2"] > 0
    assert all(repair["where"]["type"] in ("Polygon", "MultiPolygon") for repair in looked["repairs"])
    asked = {"token": looked["token"], "name": "修补", "accept_repairs": False}
    refused = planner.post("/plan-imports/confirm", json=asked)
    assert (refused.status_code, refused.json()["reason"]) == (400, "repairs")
    made = planner.post("/plan-imports/confirm", json={**asked, "accept_repairs": True})
    assert made.status_code == 201, made.text
    key = made.json()["key"]
    with connect(server.dsn) as conn:
        cov = book.coverage_of(conn, key)
        shapes = np.array([shapely.to_wkb(shape) for shape in cov.polygons(list(cov.faces))], dtype=object)
        # PostGIS agrees: one piece of ground without holes, as large as its parts.
        row = conn.execute(
            "SELECT st_area(st_union(g)) AS whole, sum(st_area(g)) AS parts, st_numinteriorrings(st_union(g)) AS holes "
            "FROM (SELECT st_geomfromwkb(w, 4326) AS g FROM unnest(%s::bytea[]) AS w) AS t",
            (shapes.tolist(),),
        ).fetchone()
    assert row is not None
    assert row["parts"] == pytest.approx(row["whole"], rel=1e-9)
    assert row["whole"] == pytest.approx(sum(shape.area for shape in ground.values()), rel=1e-9)
    assert row["holes"] == 0
    history = planner.get(f"/plans/{key}/edits").json()
    assert [entry["kind"] for entry in history] == ["import"]
    assert "网格.geojson" in history[0]["text"]["zh"]
    assert planner.get(f"/plans/{key}/map").status_code == 200


def test_problems_forbid_a_plan(server: Running, planner: httpx.Client) -> None:
    ground = _ground(server)
    missing = dict(list(ground.items())[1:])
    looked = _look(planner, _geojson(missing)).json()
    assert len(looked["problems"]) == 1
    refused = planner.post(
        "/plan-imports/confirm", json={"token": looked["token"], "name": "x", "accept_repairs": True}
    )
    assert (refused.status_code, refused.json()["reason"]) == (400, "problems")


def test_an_edition_that_changed_meanwhile_is_looked_at_again(server: Running, planner: httpx.Client) -> None:
    looked = _look(planner, _geojson(_ground(server))).json()
    with connect(server.dsn) as conn:
        conn.execute("UPDATE grid SET name = name || '改' WHERE edition = %s", (EDITION,))
        conn.commit()
    late = planner.post("/plan-imports/confirm", json={"token": looked["token"], "name": "x", "accept_repairs": True})
    assert (late.status_code, late.json()["reason"]) == (409, "edition")


def test_a_wrong_datum_is_refused_and_the_right_one_taken(server: Running, planner: httpx.Client) -> None:
    moved = {
        code: shapely.transform(shape, lambda at: np.column_stack(from_wgs84(at[:, 0], at[:, 1], "GCJ-02")))
        for code, shape in _ground(server).items()
    }
    wrong = _look(planner, _geojson(moved))
    assert (wrong.status_code, wrong.json()["reason"]) == (400, "wrong-datum")
    right = _look(planner, _geojson(moved), datum="GCJ-02").json()
    assert (right["problems"], right["repairs"], right["datum"]) == ([], [], "GCJ-02")


def test_a_shapefile_of_the_field_in_gbk_without_its_cpg(
    server: Running, planner: httpx.Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ground = _ground(server)
    rows = [{"网格编码": code, "网格名称": f"石桥第{n}网格"} for n, code in enumerate(ground)]
    parts = shapefile(tmp_path_factory.mktemp("shp"), list(ground.values()), rows, encoding="GBK")
    del parts[".cpg"]
    looked = _look(planner, zipped(parts), "网格.zip").json()
    assert looked["columns"]["code"] == "网格编码"
    assert looked["columns"]["name"] == "网格名称"
    assert "GB18030" in looked["notes"][0]["zh"]
    made = planner.post(
        "/plan-imports/confirm", json={"token": looked["token"], "name": "国标", "accept_repairs": False}
    ).json()
    grids = planner.get(f"/plans/{made['key']}/map").json()["grids"]
    assert {grid["name"] for grid in grids} == {row["网格名称"] for row in rows}


def test_previews_belong_to_who_looked(server: Running, planner: httpx.Client) -> None:
    token = _look(planner, _geojson(_ground(server))).json()["token"]
    with connect(server.dsn) as conn:
        account.create_account(conn, "planner2", "other", Role.PLANNER, PASSWORD)
        conn.commit()
    with server.client("planner2") as other:
        stolen = other.post("/plan-imports/confirm", json={"token": token, "name": "x", "accept_repairs": True})
        assert (stolen.status_code, stolen.json()["reason"]) == (404, "preview")
    for _ in range(7):
        _look(planner, _geojson(_ground(server)))
    old = planner.post("/plan-imports/confirm", json={"token": token, "name": "x", "accept_repairs": True})
    assert old.status_code == 404


@pytest.mark.parametrize(
    ("files", "fields", "reason"),
    [
        ({"file": ("a", b"")}, {}, "empty"),
        ({"file": ("a", b"hello")}, {}, "format"),
        ({"file": ("a.zip", zipped({"../a.shp": b"x"}))}, {}, "archive"),
        ({"file": ("a", b"{}")}, {"tolerance_m": "wide"}, "tolerance"),
        ({"file": ("a", b"{}")}, {"datum": "x" * 300}, "datum"),
        ({}, {"file": "a name"}, "file"),
    ],
)
def test_forms_that_bring_nothing_useful(
    planner: httpx.Client, files: dict[str, tuple[str, bytes]], fields: dict[str, str], reason: str
) -> None:
    answer = planner.post("/plan-imports", files=files or {"other": ("a", b"x")}, data=fields)
    assert (answer.status_code, answer.json()["reason"]) == (400, reason)


def test_the_door_is_bounded(planner: httpx.Client) -> None:
    answer = planner.post("/plan-imports", files={"file": ("a.zip", b"\0" * (65 * 1024 * 1024))})
    assert answer.status_code == 413


def test_who_may_export_and_import(server: Running, planner: httpx.Client) -> None:
    assert planner.get("/editions/none/export").status_code == 404
    assert planner.get(f"/editions/{EDITION}/export", params={"format": "dwg"}).status_code in (400, 422)
    assert planner.get("/plans/none/export").status_code == 404
    with server.client(Role.VIEWER) as viewer:
        assert viewer.get(f"/editions/{EDITION}/export").status_code == 200
        assert _look(viewer, b"{}").status_code == 403
    with server.client() as nobody:
        assert nobody.get(f"/editions/{EDITION}/export").status_code == 401
    one, *others = _ground(server).items()
    area = shapely.buffer(one[1], -1e-4)
    with connect(server.dsn) as conn:
        account.create_account(conn, "west", "west", Role.PLANNER, PASSWORD)
        account.limit_account(conn, "west", shapely.to_wkb(shapely.MultiPolygon([area])))
        conn.commit()
    with server.client("west") as west:
        assert set(_export(west, f"/editions/{EDITION}/export")) == {one[0]}
        refused = _look(west, _geojson(dict([one, *others])))
        assert (refused.status_code, refused.json()["reason"]) == (403, "area")


def test_an_edition_whose_grids_overlap_is_mended_before_it_is_planned(server: Running, planner: httpx.Client) -> None:
    ground = _ground(server)
    wide = {code: shapely.buffer(shape, 1e-5, join_style="mitre") for code, shape in ground.items()}
    with connect(server.dsn) as conn, acting(conn, "test"):
        rows = [
            FeatureRow(f"wide/{code}", shapely.MultiPolygon([shape]), {"edition": "wide", "code": code, "name": code})
            for code, shape in wide.items()
        ]
        feature.upsert(conn, BY_NAME["grid"], rows, feed="test")
    asked = planner.post("/plans", json={"name": "宽", "base": "wide"})
    assert (asked.status_code, asked.json()["reason"]) == (409, "not-a-coverage")
    told = asked.json()["mending"]
    assert "overlap" in {repair["kind"] for repair in told["repairs"]}
    assert all(repair["where"]["type"] in ("Polygon", "MultiPolygon") for repair in told["repairs"])
    narrow = planner.post("/plans", json={"name": "宽", "base": "wide", "tolerance_m": 0.5})
    assert (narrow.status_code, narrow.json()["reason"]) == (400, "cannot-mend")
    assert narrow.json()["where"]["type"] == "Polygon" and narrow.json()["mending"]["problems"]
    assert planner.get("/editions/wide/repairs").json() == []
    # A plan of another edition that is brought onto it is asked the same, and nothing of it changes.
    stayed = planner.post("/plans", json={"name": "窄"}).json()
    onto = planner.post(f"/plans/{stayed['key']}/rebase", json={"version": 0, "onto": "wide", "tolerance_m": 4})
    assert (onto.status_code, onto.json()["mending"]["tolerance_m"]) == (409, 4.0)
    assert planner.get(f"/plans/{stayed['key']}").json()["base"] == EDITION
    # A file beside it asks the same question first.
    looked = _look(planner, _geojson(wide), edition="wide")
    assert (looked.status_code, looked.json()["mending"]["token"]) == (409, told["token"])
    other = _look(planner, _geojson(wide), edition="wide", accept_repairs="another")
    assert other.status_code == 409
    made = planner.post("/plans", json={"name": "宽", "base": "wide", "accept_repairs": told["token"]})
    assert made.status_code == 201, made.text
    assert len(planner.get(f"/plans/{made.json()['key']}/map").json()["grids"]) == len(ground)
    rebased = planner.post(f"/plans/{stayed['key']}/rebase", json={"version": 0, "onto": "wide"})
    assert (rebased.status_code, rebased.json()["done"]) == (200, True), rebased.text
    (kept,) = planner.get("/editions/wide/repairs").json()
    assert (kept["accepted_by"], kept["repairs"]) == (Role.PLANNER, told["repairs"])
    assert _look(planner, _geojson(wide), edition="wide").status_code == 200


def test_who_plans_a_part_imports_a_file_of_it(server: Running) -> None:
    ground = _ground(server)
    part = {code: shape for code, shape in ground.items() if code.startswith(WEST)}
    area = shapely.buffer(shapely.union_all(list(part.values())), 1e-4)
    with connect(server.dsn) as conn:
        account.create_account(conn, "part", "part", Role.PLANNER, PASSWORD)
        account.limit_account(conn, "part", shapely.to_wkb(shapely.MultiPolygon([area])))
        conn.commit()
    # The easternmost grid is cut in two from south to north: its border to the other community's gets no corner, its
    # border to the grid above does; the new half brings a code.
    cut, fresh = grid(2, 0), f"{WEST}077"
    west, south, east, north = part[cut].bounds
    line = shapely.LineString([(west - 1e-4, (south + north) / 2), (east + 1e-4, (south + north) / 2)])
    halves = list(shapely.ops.split(shapely.get_parts(part[cut])[0], line).geoms)
    with server.client("part") as planner:
        beyond = _look(planner, _geojson(ground))
        assert (beyond.status_code, beyond.json()["reason"]) == (403, "area")
        looked = _look(planner, _geojson({**part, cut: halves[0], fresh: halves[1]}))
        assert looked.status_code == 200 and looked.json()["problems"] == [], looked.text
        made = planner.post(
            "/plan-imports/confirm", json={"token": looked.json()["token"], "name": "西", "accept_repairs": True}
        )
        assert (made.status_code, made.json()["scope"]) == (201, WEST), made.text
        drawn = planner.get(f"/plans/{made.json()['key']}/map").json()["grids"]
        assert {one["code"] for one in drawn} == {*part, fresh}
        impact = planner.get(f"/plans/{made.json()['key']}/impact").json()
        assert {one["state"] for one in impact["indicators"]} == {"same", "changed", "new"}
    with connect(server.dsn) as conn:
        whole = book.whole_of(conn, made.json()["key"])
    assert len(whole.faces) == len(ground) + 1
    assert shapely.coverage_is_valid(np.array(list(whole.polygons(list(whole.faces))), dtype=object))
