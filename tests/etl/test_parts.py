"""Managed parts from tables, shapefiles and OpenStreetMap: code, class and name tell of one thing, or are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from etl import checks
from etl.feed import Context, Envelope, FeatureRecord
from etl.importer import import_file
from etl.imports import osm_parts
from etl.imports.guess import layer_of
from onemap.core.catalogue import load_catalogue
from onemap.core.datum import parse_datum
from onemap.core.errors import BadInput
from onemap.layers import BY_NAME
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow

LAMP = "33010201037000001"
HEADER = (
    "标识码,名称,主管部门代码,主管部门名称,权属单位名称,养护单位名称,所在单元网格标识码,状态,初始日期,变更日期,"
    "数据来源,经度,纬度"
)


def checked(geom: Any = (110.4, 29.1), **values: Any) -> FeatureRow | BadInput:
    """What the checks of feeds and imports alike make of one part."""
    context = Context(Envelope("test"), local="Asia/Shanghai")
    record = FeatureRecord("part", "P-1", geom, values)
    return checks.feature_rows(BY_NAME["part"], [record], [context], parse_datum("WGS-84"))[0]


def attributes(geom: Any = (110.4, 29.1), **values: Any) -> dict[str, Any]:
    found = checked(geom, **values)
    assert isinstance(found, FeatureRow), found
    return dict(found.attributes)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"code": LAMP}, {"code": LAMP, "class_code": "01037", "name": "路灯"}),
        ({"name": "路灯"}, {"name": "路灯", "class_code": "01037"}),
        ({"class_code": 1037, "name": None}, {"class_code": "01037", "name": "路灯"}),
        ({"code": LAMP, "name": "南门一号灯"}, {"code": LAMP, "class_code": "01037", "name": "南门一号灯"}),
        ({"name": "公共厕"}, {"name": "公共厕"}),
        ({"class_code": "04002", "name": "路灯"}, {"class_code": "04002", "name": "路灯"}),
    ],
)
def test_code_class_and_name_complete_each_other(given: dict[str, Any], made: dict[str, Any]) -> None:
    assert attributes(**given) == made


def test_an_update_without_a_place_leaves_a_name_as_it_stands() -> None:
    assert attributes(None, code=LAMP, status="damaged") == {
        "code": LAMP, "status": "damaged", "class_code": "01037",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"code": LAMP[:-1]}, "length"),
        ({"code": LAMP[:-1] + "X"}, "characters"),
        ({"code": "33010201016000001"}, "unknown-class"),
        ({"class_code": "06010"}, "unknown-class"),
        ({"code": LAMP, "class_code": "01038"}, "class-differs"),
        ({"grid_code": "330102001"}, "length"),
        ({"status": "shiny"}, "unknown-value"),
        ({"installed_at": "20201350"}, "format"),
        ({"installed_at": "18991231"}, "too-old"),
        ({"changed_at": "99991231"}, "clock-future"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(given: dict[str, Any], reason: str) -> None:
    found = checked(**given)
    assert isinstance(found, BadInput) and found.reason == reason


@pytest.mark.parametrize("written", ["19580401", "1958-04-01", "1958-03-31T16:00:00Z"])
def test_a_date_is_the_citys_midnight(written: str) -> None:
    assert attributes(installed_at=written)["installed_at"].isoformat() == "1958-03-31T16:00:00+00:00"


def test_a_register_in_the_standards_columns(dsn: str, tmp_path: Path, committed: Connection) -> None:
    path = tmp_path / "register.csv"  # neither name nor option says what it is: its columns do
    rows = (
        f"{LAMP},路灯,113301,市城管局,市城管局,光明养护,330102001001001,完好,20150301,20240506,实测,110.401,29.101",
        "33010201002000007,,,市城管局,排水公司,排水公司,,破损,20010101,,地形图,110.402,29.102",
        "33010201037000002,路灯,,市城管局,,,,要修,,,,110.403,29.103",
        "33010201037000003,路灯,,市城管局,,,33010200100100,移除,,,,110.404,29.104",
        ",公厕,,,,,,,,,,110.405,29.105",
    )
    path.write_bytes("\r\n".join((HEADER, *rows)).encode("gb18030"))
    summary = import_file(dsn, path)
    assert (summary.taken, summary.reasons) == (4, {"length": 1})
    assert summary.ignored == ["主管部门代码"]
    found = committed.execute(
        "SELECT key, code, class_code, name, status, authority, owner, maintainer, grid_code, installed_at, changed_at,"
        " source FROM part ORDER BY st_x(geom)"
    ).fetchall()
    first = found[0]
    assert first["key"] == first["code"] == LAMP
    assert (first["authority"], first["owner"], first["maintainer"]) == ("市城管局", "市城管局", "光明养护")
    assert (first["grid_code"], first["source"], first["status"]) == ("330102001001001", "实测", "intact")
    assert first["installed_at"].isoformat() == "2015-02-28T16:00:00+00:00"
    assert [(r["class_code"], r["name"], r["status"]) for r in found[1:]] == [
        ("01002", "污水井盖", "damaged"), ("01037", "路灯", None), (None, "公厕", None),
    ]  # fmt: skip
    assert import_file(dsn, path).taken == 0
    renamed = tmp_path / "市政部件2026.csv"
    renamed.write_bytes(path.read_bytes())
    assert import_file(dsn, renamed).unchanged == 3  # a code is a part in every file; a row without one is a new row


def test_a_part_that_names_no_grid_has_the_one_it_lies_in(planted: str, tmp_path: Path, committed: Connection) -> None:
    west, east = "990101001001001", "990101001001002"
    committed.execute(
        "INSERT INTO city (id, name, bounds, center, zoom, edition) VALUES (1, '云岭区', '{110.4,29.1,110.42,29.12}',"
        " '{110.41,29.11}', 12, '2026')"
    )
    path = tmp_path / "部件甲.csv"
    head = "标识码,状态,所在单元网格标识码,lon,lat\n"
    rows = "{0}1,完好,,110.405,29.11\n{0}2,完好,330102001001001,110.405,29.11\n{0}3,{1},,110.415,29.11\n{0}4,,,111,30\n"
    one = "3301020103700099"
    path.write_text(head + rows.format(one, "完好"), encoding="utf-8")
    assert import_file(planted, path).taken == 4
    query = "SELECT grid_code FROM part WHERE key LIKE %s ORDER BY key"
    codes = [west, "330102001001001", east, None]
    assert [r["grid_code"] for r in committed.execute(query, (f"{one}%",)).fetchall()] == codes
    committed.execute("DELETE FROM grid")
    path.write_text(head + rows.format(one, "移除"), encoding="utf-8")
    assert import_file(planted, path).taken == 1  # only what was removed: its grid stays that of then
    assert [r["grid_code"] for r in committed.execute(query, (f"{one}%",)).fetchall()] == codes


@pytest.mark.filterwarnings("ignore:Could not decode error message")  # GDAL says in GBK which names it has cut
def test_a_shapefile_in_gbk_with_cut_names(dsn: str, tmp_path: Path, committed: Connection) -> None:
    path = tmp_path / "管理部件.shp"
    columns = {
        "标识码": ["33010202014000001"], "主管部门名称": ["交警支队"], "养护单位名称": ["信号养护"],
        "所在单元网格标识码": ["330102001001002"], "状态": ["丢失"], "初始日期": ["20190808"],
    }  # fmt: skip
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array([shapely.Point(110.5, 29.2)])),
        [np.array(value, dtype=object) for value in columns.values()], list(columns),
        driver="ESRI Shapefile", geometry_type="Point", crs="EPSG:4490", encoding="GBK",
    )  # fmt: skip
    with pyogrio.raw.open_arrow(path, encoding="GBK") as (meta, _):
        assert "主管部门名称" not in meta["fields"]
    assert import_file(dsn, path).taken == 1
    path.with_suffix(".cpg").unlink()  # as most are: nothing says GBK then, and GDAL calls it Latin-1
    assert [import_file(dsn, path, encoding=said).unchanged for said in (None, "gbk")] == [1, 1]
    row = committed.execute("SELECT * FROM part WHERE key = '33010202014000001'").fetchone()
    assert row is not None and (row["name"], row["status"], row["datum"]) == ("交通信号灯", "lost", "CGCS2000")
    assert (row["authority"], row["maintainer"], row["grid_code"]) == ("交警支队", "信号养护", "330102001001002")


def test_geopackage_and_geojson(dsn: str, tmp_path: Path, committed: Connection) -> None:
    path = tmp_path / "city_parts.gpkg"
    values = [np.array(["消防栓", "没见过的"], dtype=object), np.array(["2020-05-01", None], dtype="datetime64[D]")]
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array([shapely.Point(110.51, 29.2), shapely.Point(110.52, 29.2)])), values,
        ["类别", "初始日期"], driver="GPKG", geometry_type="Point", crs="EPSG:4326", layer="city_parts",
    )  # fmt: skip
    assert import_file(dsn, path).taken == 2
    rows = committed.execute(
        "SELECT class_code, name, installed_at FROM part WHERE key LIKE 'city_parts/%' ORDER BY st_x(geom)"
    ).fetchall()
    assert [(r["class_code"], r["name"]) for r in rows] == [("01013", "消防栓"), (None, "没见过的")]
    assert rows[0]["installed_at"].isoformat() == "2020-04-30T16:00:00+00:00"
    members = [
        {"type": "Feature", "properties": {"部件类型": "路灯", "标识码": LAMP[:-1] + "9", "状态": "完好"},
         "geometry": {"type": "Point", "coordinates": [110.53, 29.2]}},
        {"type": "Feature", "properties": {"部件类型": "路灯", "标识码": "33010201038000009", "分类代码": "01037"},
         "geometry": {"type": "Point", "coordinates": [110.54, 29.2]}},
    ]  # fmt: skip
    plain = tmp_path / "部件.geojson"
    plain.write_text(json.dumps({"type": "FeatureCollection", "features": members}, ensure_ascii=False))
    summary = import_file(dsn, plain)
    assert (summary.taken, summary.reasons) == (1, {"class-differs": 1})


@pytest.mark.parametrize(
    ("name", "columns", "layer"),
    [
        ("市政部件", (), "part"), ("parts", (), "part"), ("City-Parts_2026", (), "part"), ("部件事件", (), "incident"),
        ("street_lamps", (), "part"), ("grid_part_3", (), "grid"), ("2026", ("标识码", "养护单位名称"), "part"),
        ("apartments", (), None), ("survey_part2", (), None), ("2026", ("标识码", "名称"), None),
    ],
)  # fmt: skip
def test_what_a_file_is_about(name: str, columns: tuple[str, ...], layer: str | None) -> None:
    if layer is not None:
        assert layer_of(name, None, columns=columns).name == layer
    else:
        with pytest.raises(BadInput, match="--layer"):
            layer_of(name, None, columns=columns)


def osm_xml(*things: str) -> str:
    return f'<osm version="0.6">{"".join(things)}</osm>'


def tagged(**tags: str) -> str:
    return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())


def test_openstreetmap_tags_are_classes_by_the_table(dsn: str, tmp_path: Path, committed: Connection) -> None:
    def node(at: int, **tags: str) -> str:
        return f'<node id="{at}" lat="{29.3 + at / 1e5}" lon="{110.3 + (at % 2) / 1e4}">{tagged(**tags)}</node>'

    def way(at: int, nodes: list[int], **tags: str) -> str:
        refs = "".join(f'<nd ref="{n}"/>' for n in nodes)
        return f'<way id="{at}">{refs}{tagged(**tags)}</way>'

    nodes = [
        node(1, man_made="manhole", manhole="sewer"), node(2, man_made="manhole"),
        node(3, man_made="manhole", manhole="drain", inlet="grate"), node(4, highway="bus_stop", name="南门"),
        node(5, amenity="vending_machine", vending="parking_tickets"),
        node(6, natural="tree", denotation="agricultural"), node(7, natural="tree", denotation="avenue"),
        node(8, advertising="billboard"), node(9, advertising="no"),
        node(10, amenity="bench", disused="yes"), node(11, man_made="surveillance", highway="street_lamp"),
        *(node(at) for at in range(20, 30)), '<node id="99" lat="29.5" lon="110.3"/>',
    ]  # fmt: skip
    ways = [
        way(1, [20, 22], amenity="bench"),
        way(2, [20, 99], amenity="bench"),
        way(3, [20, 21, 23, 22, 20], amenity="toilets", building="yes"),
        way(4, [20, 21, 22], highway="residential", traffic_calming="bump"),
        way(5, [20, 99, 21, 20], amenity="fuel"),
    ]
    path = tmp_path / "town.osm"
    path.write_text(osm_xml(*nodes, *ways), encoding="utf-8")
    summary = import_file(dsn, path)
    rows = committed.execute("SELECT key, class_code, name, status FROM part WHERE key LIKE 'osm:%'").fetchall()
    assert {r["key"]: (r["class_code"], r["name"]) for r in rows} == {
        "osm:node/1": ("01002", "污水井盖"), "osm:node/2": ("01023", "不明井盖"), "osm:node/3": ("01004", "雨水箅子"),
        "osm:node/4": ("02004", "南门"), "osm:node/5": ("02003", "停车计费设备"), "osm:node/7": ("04002", "行道树"),
        "osm:node/8": ("03006", "户外广告"), "osm:node/10": ("04007", "街头座椅"),
        "osm:way/1": ("04007", "街头座椅"), "osm:way/3": ("03001", "公共厕所"),
    }  # fmt: skip
    assert [r["key"] for r in rows if r["status"] == "disused"] == ["osm:node/10"]
    assert (summary.layers["part"].taken, summary.layers["part"].skipped) == (10, 2)
    assert {name: summary.layers[name].taken for name in ("building", "road", "camera")} == {
        "building": 1, "road": 1, "camera": 1,
    }  # fmt: skip
    assert import_file(dsn, path).taken == 0


def test_the_table_of_tags_names_classes_that_there_are() -> None:
    catalogue = load_catalogue()
    for rule in osm_parts.RULES:
        assert rule.code == "" or catalogue.has("part", rule.code), rule
        others = [one for one in osm_parts.RULES if one.key == rule.key and one.value == rule.value]
        assert rule.when is not None or rule is others[-1], f"{rule} hides what stands after it"
