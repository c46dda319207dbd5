"""Files of grids as they come: read for certain, or refused with a reason that a person understands."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely

from onemap.core.datum import from_wgs84
from onemap.core.errors import BadInput
from onemap.planning.exchange import archive
from onemap.planning.exchange.look import look_at
from onemap.planning.exchange.read import read_grids
from onemap.planning.exchange.write import write_grids
from tests.unit.grid_files_ground import shapefile, town, zipped

BASE = town()
ROWS = [{"code": props["code"], "name": props["name"]} for props in BASE.props]


def _geojson(shapes: np.ndarray = BASE.shapes, rows: list[dict[str, str]] = ROWS, **more: object) -> bytes:
    features = [
        {"type": "Feature", "properties": row, "geometry": json.loads(shapely.to_geojson(shape))}
        for row, shape in zip(rows, shapes, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **more}, ensure_ascii=False).encode()


def _moved(datum: str) -> np.ndarray:
    """The town in another datum's numbers."""
    return np.array(
        [
            shapely.transform(shape, lambda at: np.column_stack(from_wgs84(at[:, 0], at[:, 1], datum)))
            for shape in BASE.shapes
        ],
        dtype=object,
    )


def _reason(data: bytes, **asked: str) -> str:
    with pytest.raises(BadInput) as caught:
        read_grids(data, "grids", **asked)
    assert " · " in caught.value.message
    return caught.value.reason


def _same(left: np.ndarray, right: np.ndarray) -> bool:
    def parts(shapes: np.ndarray) -> list[shapely.Geometry]:
        return [shapely.normalize(shapely.MultiPolygon(shapely.get_parts(shape).tolist())) for shape in shapes]

    return all(shapely.equals_identical(parts(left), parts(right)))


@pytest.mark.parametrize(
    ("form", "encoding"), [("geojson", "utf-8"), ("gpkg", "utf-8"), ("shp", "utf-8"), ("shp", "gbk")]
)
def test_what_is_written_reads_back_the_same_to_the_last_bit(form: str, encoding: str) -> None:
    rows = [{**props, "area_m2": 1.5} for props in BASE.props]
    sent = write_grids(rows, BASE.shapes, name="版本 1", format=form, encoding=encoding)
    found = read_grids(sent.data, sent.name)
    assert found.datum == "WGS-84"
    assert found.notes == ()
    assert _same(found.shapes, BASE.shapes)
    assert [row["name"] for row in found.rows] == [props["name"] for props in BASE.props]
    assert [str(row["code"]) for row in found.rows] == list(BASE.ids)
    # A Shapefile written twice is the same file; a GeoPackage notes when it was written.
    if form != "gpkg":
        again = write_grids(rows, BASE.shapes, name="版本 1", format=form, encoding=encoding)
        assert again.data == sent.data


def test_what_cannot_be_written_is_refused_not_cut() -> None:
    shapes = BASE.shapes[:1]
    with pytest.raises(BadInput, match="GBK") as caught:
        write_grids([{"code": "1", "name": "𡎚里"}], shapes, name="a", format="shp", encoding="gbk")
    assert caught.value.reason == "encoding"
    with pytest.raises(BadInput, match="254") as caught:
        write_grids([{"code": "1", "name": "网" * 120}], shapes, name="a", format="shp")
    assert caught.value.reason == "too-long"
    assert write_grids([{"code": "1", "name": "网" * 120}], shapes, name="a", format="gpkg").data
    for bad in ({"format": "dxf"}, {"format": "shp", "encoding": "big5"}):
        with pytest.raises(BadInput):
            write_grids([{"code": "1"}], shapes, name="a", **bad)


# -- attribute tables ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["UTF-8", "GBK", "GB18030"])
@pytest.mark.parametrize("cpg", ["own", "none", "wrong", "nonsense"])
def test_tables_are_read_in_the_characters_they_are_in(tmp_path: Path, encoding: str, cpg: str) -> None:
    rows = [{**row, "name": row["name"] + ("𡎚" if encoding == "GB18030" else "")} for row in ROWS]
    parts = shapefile(tmp_path, BASE.shapes, rows, encoding=encoding)
    parts |= {"own": {}, "none": {".cpg": b""}, "wrong": {".cpg": b"GBK" if encoding == "UTF-8" else b"UTF-8"}}.get(
        cpg, {".cpg": b"\xff\xfe?"}
    )
    if cpg == "none":
        del parts[".cpg"]
    found = read_grids(zipped(parts), "grids.zip")
    names = [row["name"] for row in found.rows]
    assert names == [row["name"] for row in rows]
    assert bool(found.notes) == (cpg != "own")
    assert read_grids(zipped(parts), "g.zip", encoding=encoding.lower()).rows[0]["name"] == rows[0]["name"]


def test_a_table_in_characters_that_nobody_named(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, BASE.shapes, ROWS, encoding="GBK")
    assert _reason(zipped(parts), encoding="utf-8") == "encoding"
    assert _reason(zipped(parts), encoding="klingon") == "encoding"
    del parts[".cpg"]
    at = parts[".dbf"].index("石".encode("gbk"))
    parts[".dbf"] = parts[".dbf"][:at] + b"\xff\x80" + parts[".dbf"][at + 2 :]
    assert _reason(zipped(parts)) == "encoding"


def test_a_name_cut_in_the_middle_of_a_character_loses_only_that(tmp_path: Path) -> None:
    rows = [{**row, "name": "网格一二三"} for row in ROWS]
    parts = shapefile(tmp_path, BASE.shapes, rows, encoding="UTF-8")
    parts[".dbf"] = parts[".dbf"].replace("三".encode(), "三".encode()[:2] + b" ")
    assert read_grids(zipped(parts), "grids.zip").rows[0]["name"] == "网格一二"


def test_numbers_blanks_and_codes_read_as_numbers(tmp_path: Path) -> None:
    rows = [{"code": str(number), "name": None, "share": number / 4} for number in range(len(ROWS))]
    parts = shapefile(tmp_path, BASE.shapes, rows)
    # The field's kind as other software writes it: a number without digits after the point.
    parts[".dbf"] = parts[".dbf"][:43] + b"N" + parts[".dbf"][44:]
    found = read_grids(zipped(parts), "grids.zip")
    assert [row["code"] for row in found.rows] == list(range(len(ROWS)))
    assert found.rows[3]["share"] == "0.75"  # a column of objects is a column of text
    assert found.rows[3]["name"] is None


# -- half a file, no file, another file ------------------------------------------------------------------------------


def test_half_of_a_file_is_refused(tmp_path: Path) -> None:
    whole = {form: write_grids(ROWS, BASE.shapes, name="a", format=form).data for form in ("geojson", "gpkg", "shp")}
    for form, data in whole.items():
        for part in (0.1, 0.5, 0.9, 0.999):
            reason = _reason(data[: int(len(data) * part)])
            assert reason in ("broken", "archive", "format", "encoding", "empty"), (form, part, reason)
    parts = shapefile(tmp_path, BASE.shapes, ROWS)
    for ending in (".shp", ".dbf"):
        for keep in (0, 20, 90, len(parts[ending]) // 2, len(parts[ending]) - 40):
            assert _reason(zipped({**parts, ending: parts[ending][:keep]})) in ("broken", "empty")


def test_missing_parts_of_a_shapefile(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, BASE.shapes, ROWS)
    without = {ending: {key: data for key, data in parts.items() if key != ending} for ending in parts}
    assert _reason(zipped(without[".dbf"])) == "broken"
    assert _reason(zipped(without[".prj"])) == "datum"
    assert _reason(zipped(without[".shp"])) == "empty"
    assert _same(read_grids(zipped(without[".prj"]), "a.zip", datum="WGS84").shapes, BASE.shapes)
    mended = read_grids(zipped(without[".shx"]), "a.zip")
    assert _same(mended.shapes, BASE.shapes)
    assert [note.zh[:6] for note in mended.notes] == ["缺少 .sh"]
    # An index that points elsewhere is not followed.
    assert _same(read_grids(zipped({**parts, ".shx": parts[".shx"][:100] + b"\0" * 192}), "a.zip").shapes, BASE.shapes)
    assert _reason(parts[".shp"]) == "format"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"PK\x05\x06" + b"\0" * 18, "empty"),
        (b"hello", "format"),
        (b"{}", "format"),
        (b'{"type":"FeatureCollection","features":[]}', "empty"),
        (b'{"type":"FeatureCollection","features":[1]}', "format"),
        (b'{"type":"FeatureCollection","features":[{"properties":{},"geometry":null}]}', "empty-shape"),
        (b'{"type":"FeatureCollection","features":[{"properties":[1],"geometry":null}]}', "format"),
        (b'{"type":"FeatureCollection","features":[{"geometry":{"type":"Polygon","coordinates":[[[1]]]}}]}', "broken"),
        (b'{"type":"Feature","geometry":{"type":"Point","coordinates":[120,30]}}', "not-polygons"),
        (b"SQLite format 3\0" + b"\0" * 4000, "broken"),
        (b"{" * 100_000, "broken"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "broken"),
        ("{\"type\":\"瓦\"".encode("utf-16"), "format"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_grids(data: bytes, reason: str) -> None:
    assert _reason(data) == reason


def test_lines_and_points_are_refused(tmp_path: Path) -> None:
    lines = [shapely.LineString([(120, 30), (120.1, 30.1)])]
    assert _reason(zipped(shapefile(tmp_path, lines, ROWS[:1], kind="LineString"))) == "not-polygons"
    points = [shapely.Point(120, 30)]
    assert _reason(zipped(shapefile(tmp_path, points, ROWS[:1], kind="Point"))) == "not-polygons"


# -- archives --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../grids.shp", "/etc/grids.shp", "a/../../grids.shp", "C:\\grids.shp", "..\\grids.shp"]
)
def test_paths_out_of_the_archive_are_refused(name: str) -> None:
    assert _reason(zipped({name: b"x"})) == "archive"


def test_links_locks_and_archives_in_archives_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        link = zipfile.ZipInfo("grids.shp")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
    assert _reason(out.getvalue()) == "archive"
    locked = bytearray(zipped({"grids.shp": b"x"}))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert _reason(bytes(locked)) == "archive"
    assert _reason(zipped({"inner.zip": zipped({"grids.shp": b"x"})})) == "archive"
    assert _reason(zipped({f"{number}.txt": b"" for number in range(archive.MAX_MEMBERS + 1)})) == "archive"


def test_a_bomb_is_refused_by_what_comes_out_of_it(tmp_path: Path) -> None:
    bomb = zipped({"grids.shp": b"\0" * (60 * 1024 * 1024)})
    assert len(bomb) < 100_000
    assert _reason(bomb) == "archive"
    # One that says it is small: what it says is not what counts.
    lying = bytearray(bomb)
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", lying, lying.index(signature) + offset, 10)
    assert _reason(bytes(lying)) in ("archive", "broken")
    with pytest.raises(BadInput):
        archive.unpack(bomb, tmp_path)
    assert sum(one.stat().st_size for one in tmp_path.iterdir()) <= 51 * 1024 * 1024


def test_archives_of_other_systems(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, BASE.shapes, ROWS)
    named = {f"下城区\\网格{ending.upper()}": data for ending, data in parts.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in named.items():
            # Chinese Windows writes GBK and does not say so.
            made.writestr(zipfile.ZipInfo(name.encode("gb18030").decode("cp437")), data)
        made.writestr("__MACOSX/._网格.shp", b"junk")
        made.writestr(".DS_Store", b"junk")
        made.writestr("readme.txt", b"hello")
    assert _same(read_grids(out.getvalue(), "a.zip").shapes, BASE.shapes)
    both = zipped(
        {**{f"a{key}": data for key, data in parts.items()}, **{f"b{key}": data for key, data in parts.items()}}
    )
    assert _reason(both) == "layer"
    assert _same(read_grids(both, "a.zip", layer="b").shapes, BASE.shapes)
    assert _same(read_grids(zipped({"x/grids.geojson": _geojson()}), "a.zip").shapes, BASE.shapes)


# -- datums ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09", "CGCS2000", "EPSG:4549", "EPSG:4528", "EPSG:32650", "EPSG:3857"])
def test_every_declared_datum_lands_where_it_was(datum: str) -> None:
    found = read_grids(_geojson(_moved(datum)), "a.geojson", datum=datum)
    far = [shapely.hausdorff_distance(a, b) for a, b in zip(found.shapes, BASE.shapes, strict=True)]
    assert max(far) < 1e-9  # a tenth of a millimetre
    # Corners that were shared still are, to the last bit.
    assert shapely.coverage_is_valid(found.shapes)


def test_a_projection_of_the_prj_and_of_the_old_geojson_counts(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, _moved("EPSG:4549"), ROWS, crs="EPSG:4549")
    found = read_grids(zipped(parts), "a.zip")
    assert found.datum == "EPSG:4549"
    assert max(shapely.hausdorff_distance(found.shapes, BASE.shapes)) < 1e-9
    crs = {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}}}
    assert read_grids(_geojson(_moved("EPSG:4549"), **crs), "a.geojson").datum == "EPSG:4549"
    # What the asker says counts more, and the difference is told.
    said = read_grids(zipped(shapefile(tmp_path, _moved("GCJ-02"), ROWS)), "a.zip", datum="GCJ02")
    assert said.datum == "GCJ-02"
    assert "WGS-84" in said.notes[0].en


def test_a_system_without_a_code_must_be_said(tmp_path: Path) -> None:
    parts = shapefile(tmp_path, BASE.shapes, ROWS)
    parts[".prj"] = b'LOCAL_CS["city",UNIT["metre",1]]'
    assert _reason(zipped(parts)) == "datum"


def test_swapped_axes_are_told() -> None:
    turned = np.array([shapely.transform(shape, lambda at: at[:, ::-1]) for shape in BASE.shapes], dtype=object)
    assert _reason(_geojson(turned)) == "axes-swapped"


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_a_wrong_datum_shows_in_known_borders(datum: str) -> None:
    with pytest.raises(BadInput, match=datum) as caught:
        look_at(read_grids(_geojson(_moved(datum)), "a.geojson"), BASE)
    assert caught.value.reason == "wrong-datum"
    with pytest.raises(BadInput, match="WGS-84") as caught:
        look_at(read_grids(_geojson(), "a.geojson", datum=datum), BASE)
    assert caught.value.reason == "wrong-datum"
    right = look_at(read_grids(_geojson(_moved(datum)), "a.geojson", datum=datum), BASE)
    assert right.findings.problems == []


def test_axes_swapped_where_both_orders_are_on_the_globe() -> None:
    def at_home(at: np.ndarray) -> np.ndarray:
        return at + np.array([-191.5, 11.5])

    there = np.array([shapely.transform(shape, at_home) for shape in BASE.shapes], dtype=object)
    turned = np.array([shapely.transform(shape, lambda at: at[:, ::-1]) for shape in there], dtype=object)
    base = type(BASE)(BASE.ids, BASE.props, there)
    with pytest.raises(BadInput) as caught:
        look_at(read_grids(_geojson(turned), "a.geojson"), base)
    assert caught.value.reason == "axes-swapped"


def test_a_wrong_zone_of_a_projection_is_refused() -> None:
    """Three degrees off is another city; metres read as degrees are nowhere."""
    metres = _geojson(_moved("EPSG:4549"))
    with pytest.raises(BadInput) as caught:
        look_at(read_grids(metres, "a.geojson", datum="EPSG:4548"), BASE)
    assert caught.value.reason == "elsewhere"
    assert _reason(metres) in ("lon-range", "lat-range")
    assert _reason(metres, datum="EPSG:2263") in ("outside-area", "axes-swapped")


def test_grids_of_another_city_are_refused() -> None:
    there = np.array([shapely.transform(shape, lambda at: at + 1.0) for shape in BASE.shapes], dtype=object)
    with pytest.raises(BadInput) as caught:
        look_at(read_grids(_geojson(there), "a.geojson"), BASE)
    assert caught.value.reason == "elsewhere"
