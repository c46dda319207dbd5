"""Files made here: a small city, tables, tracks, archives; what is taken, what is refused, and again nothing."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from shapely.geometry import Point, box, mapping

from etl.importer import import_city, import_file
from etl.pipeline import Pipeline
from onemap.core.errors import BadInput
from onemap.core.settings import Settings
from onemap.store.db import Connection

GRID = "990101001001001"


def features(*rows: tuple[Any, dict[str, Any]]) -> str:
    members = [{"type": "Feature", "properties": values, "geometry": mapping(shape)} for shape, values in rows]
    return json.dumps({"type": "FeatureCollection", "features": members}, ensure_ascii=False)


def write_dem(path: Path) -> None:
    heights = np.add.outer(np.arange(40.0), np.arange(50.0)).astype("float32") * 5
    profile = {"driver": "GTiff", "height": 40, "width": 50, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=from_origin(110.4, 29.14, 0.001, 0.001), **profile) as out:
        out.write(heights, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A city of one of each."""
    city = tmp_path / "city"
    city.mkdir()
    area = {"key": "990101001001", "level": "community", "code": "990101001001", "name": "云溪社区"}
    grid = {"key": f"e1/{GRID}", "edition": "e1", "code": GRID, "专属类别": "学校"}
    building = {
        "key": "B-1", "address_code": "yl:990101001001-1", "floors": 6, "height_m": 18.5, "use": "residential",
        "residents": 42, "residents_at": "2026-05-01T00:00:00+08:00", "grid_code": GRID,
    }  # fmt: skip
    files = {
        "area": features((box(110.40, 29.10, 110.44, 29.14), area)),
        "grid": features((box(110.40, 29.10, 110.44, 29.14), grid)),
        "building": features(
            (box(110.41, 29.11, 110.4101, 29.1101), building),
            (box(110.42, 29.11, 110.4201, 29.1101), {**building, "key": "B-2", "use": "castle"}),
        ),
        "camera": features((Point(110.41, 29.11), {"key": "C-1", "code": "34020000001320000101", "heading_deg": -90})),
        "hazard": features((Point(110.42, 29.12), {"key": "H-1", "kind": "landslide", "level": 2})),
        "sensor": features((Point(110.42, 29.12), {"key": "S-1", "kind": "crack_meter", "hazard_key": "H-1"})),
    }
    for name, text in files.items():
        (city / f"{name}.geojson").write_text(text, encoding="utf-8")
    stream = {"key": "S-1.gap", "sensor_key": "S-1", "property": "gap", "name": "裂缝", "unit": "mm"}
    (city / "datastreams.json").write_text(json.dumps([stream]))
    rule = {"key": "S-1.gap.2", "datastream_key": "S-1.gap", "hazard_key": "H-1", "level": 2, "op": ">=", "enter": 5.0}
    rules = [{**rule, "leave": 4.0, "hold_s": 0}, {**rule, "key": "no", "hazard_key": None, "leave": 4.0}]
    (city / "thresholds.json").write_text(json.dumps(rules))
    (city / "incident.csv").write_text(
        "key,kind,code,status,reported_at,lon,lat\nAJ-1,matter,06010,closed,2026-05-01T08:00:00+08:00,110.41,29.11\n"
        "AJ-2,matter,00000,closed,2026-05-01T08:00:00+08:00,110.41,29.11\n"
    )
    about = {
        "name": "云岭区",
        "bounds": [110.4, 29.1, 110.44, 29.14],
        "center": [110.42, 29.12],
        "zoom": 12,
        "edition": "e1",
    }
    (city / "city.json").write_text(json.dumps(about))
    write_dem(city / "dem.tif")
    return city


def test_a_city_is_taken_in_and_again_changes_nothing(settings: Settings, folder: Path, committed: Connection) -> None:
    told: list[str] = []
    first = import_city(settings, folder, told.append)
    taken = {name: count.taken for name, count in first.layers.items()}
    assert taken == {
        "area": 1, "grid": 1, "building": 1, "camera": 1, "hazard": 1, "sensor": 1, "datastream": 1, "threshold": 1,
        "incident": 1, "raster": 1, **({"contour": taken["contour"]} if "contour" in taken else {}),
    }  # fmt: skip
    assert first.layers["building"].quarantined == 1 and first.layers["threshold"].skipped == 1
    assert first.reasons["unknown-value"] == 1 and first.reasons["unknown-code"] == 1
    assert "building" in told
    row = committed.execute("SELECT residents, residents_at, datum FROM building WHERE key = 'B-1'").fetchone()
    assert row is not None and row["residents"] == 42 and row["residents_at"].isoformat() == "2026-04-30T16:00:00+00:00"
    assert committed.execute("SELECT heading_deg FROM camera").fetchone() == {"heading_deg": 270.0}
    assert committed.execute("SELECT grid_code FROM incident").fetchone() == {"grid_code": GRID}
    assert committed.execute("SELECT kind, special FROM grid").fetchone() == {"kind": "special", "special": "school"}
    assert committed.execute("SELECT name, edition FROM city").fetchone() == {"name": "云岭区", "edition": "e1"}
    changes = committed.execute("SELECT count(*) AS n FROM change_log").fetchone()
    again = import_city(settings, folder)
    assert again.taken == 0 and again.unchanged == first.taken - taken.get("contour", 0)
    assert committed.execute("SELECT count(*) AS n FROM change_log").fetchone() == changes


def test_an_imported_row_is_replayed_as_its_file_was_read(
    settings: Settings, tmp_path: Path, idle: Connection, committed: Connection
) -> None:
    path = tmp_path / "camera_local.csv"
    path.write_text("id,x,y,status,code\n1,500000,3220000,online,12\n2,500000,3220000,online,34020000001320000101\n")
    summary = import_file(settings.database_url, path, datum="EPSG:4545")
    assert (summary.taken, summary.reasons) == (1, {"length": 1})
    found = committed.execute("SELECT id, record FROM quarantine WHERE reason = 'length'").fetchone()
    assert found is not None
    pipeline = Pipeline(settings)
    assert pipeline.replay(idle, found["id"], "operator").quarantined == 1
    committed.execute(
        "UPDATE quarantine SET record = jsonb_set(record, '{attributes,code}', 'null') WHERE id = %s", (found["id"],)
    )
    assert pipeline.replay(idle, found["id"], "operator").stored == 1
    rows = committed.execute(
        "SELECT st_astext(geom) AS at, datum FROM camera WHERE key LIKE 'camera_local/%'"
    ).fetchall()
    assert len(rows) == 2 and rows[0] == rows[1] and rows[0]["datum"] == "EPSG:4545"


def test_the_folder_of_a_city_must_say_what_it_is(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"city\.json"):
        import_city(settings, tmp_path)
    (tmp_path / "city.json").write_text('{"name": "x"}')
    with pytest.raises(BadInput, match="bounds"):
        import_city(settings, tmp_path)


@pytest.mark.parametrize(
    ("text", "options", "taken", "reasons"),
    [
        ("id,lon,lat,name\n1,110.4,29.1,一\n2,29.1,110.4,二\n3,,,三\n", {}, 1, {"axes-swapped": 1, "no-position": 1}),
        ("经度;纬度;名称\n110.4;29.1;一\n110.5;29.2;二\n", {}, 2, {}),
        ("id,x,y\n1,500000,3220000\n2,510000,3230000\n", {"datum": "EPSG:4545"}, 2, {}),
        ("id,lon,lat\n1,110.4,29.1\n2,110.4\n", {}, 1, {"columns": 1}),
    ],
)
def test_tables(
    text: str, options: dict[str, str], taken: int, reasons: dict[str, int], dsn: str, tmp_path: Path
) -> None:
    path = tmp_path / f"hazard_{abs(hash(text))}.csv"
    path.write_text(text, encoding="utf-8")
    summary = import_file(dsn, path, **options)  # type: ignore[arg-type]
    assert (summary.taken, summary.reasons) == (taken, reasons)
    assert import_file(dsn, path, **options).taken == 0  # type: ignore[arg-type]


def test_what_a_file_does_not_say_must_be_said(dsn: str, tmp_path: Path) -> None:
    stray = tmp_path / "stuff.csv"
    stray.write_text("id,lon,lat\n1,110.4,29.1\n")
    with pytest.raises(BadInput, match="--layer"):
        import_file(dsn, stray)
    with pytest.raises(BadInput, match="no layer"):
        import_file(dsn, stray, layer="nonsense")
    with pytest.raises(BadInput, match="Unknown datum"):
        import_file(dsn, stray, layer="hazard", datum="mars")
    bare = tmp_path / "hazard.csv"
    bare.write_text("id,name\n1,a\n")
    with pytest.raises(BadInput, match="position columns"):
        import_file(dsn, bare)
    with pytest.raises(BadInput, match="can be imported"):
        (tmp_path / "stuff.docx").touch()
        import_file(dsn, tmp_path / "stuff.docx")
    with pytest.raises(BadInput, match="data folder"):
        write_dem(tmp_path / "dem.tif")
        import_file(dsn, tmp_path / "dem.tif")


def test_gpx_times_are_the_measure(dsn: str, tmp_path: Path, committed: Connection) -> None:
    def point(second: int, time: bool = True) -> str:
        stamp = f"<time>2026-05-01T00:00:{second:02d}Z</time>" if time else ""
        return f'<trkpt lat="{29.1 + second / 1e4}" lon="110.4"><ele>3{second}</ele>{stamp}</trkpt>'

    def track(*points: str) -> str:
        return f"<trk><name>巡查</name><trkseg>{''.join(points)}</trkseg></trk>"

    path = tmp_path / "patrol.gpx"
    tracks = track(point(1), point(2), point(3)) + track(point(5), point(4)) + track(point(1), point(2, False))
    path.write_text(f'<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1">{tracks}</gpx>')
    summary = import_file(dsn, path)
    assert (summary.taken, summary.reasons) == (1, {"measure-order": 1, "no-measure": 1})
    row = committed.execute(
        "SELECT st_m(st_endpoint(geom)) AS m, st_z(st_endpoint(geom)) AS z, ended_at, name, length_m FROM track"
    ).fetchone()
    assert row is not None and row["m"] == row["ended_at"].timestamp() and row["z"] == 33.0 and row["name"] == "巡查"
    assert row["length_m"] == pytest.approx(22.2, abs=0.1)
    cut = tmp_path / "cut.gpx"
    cut.write_text(path.read_text()[:-60])
    assert import_file(dsn, cut).reasons["xml"] == 1


def test_kml_and_archives(dsn: str, tmp_path: Path) -> None:
    kml = tmp_path / "hazard_points.kml"
    kml.write_text(
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>云溪沟</name>'
        "<Point><coordinates>110.4,29.1,0</coordinates></Point></Placemark></Document></kml>"
    )
    assert import_file(dsn, kml, layer="hazard").taken == 1
    bomb = tmp_path / "hazard.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("hazard.geojson", b" " * 90_000_000)
    with pytest.raises(BadInput, match="unpack"):
        import_file(dsn, bomb)
    junk = tmp_path / "road.zip"
    junk.write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(BadInput, match="archive"):
        import_file(dsn, junk)


def test_encodings_of_features(dsn: str, tmp_path: Path, committed: Connection) -> None:
    text = features((Point(110.4, 29.1), {"key": "gb-1", "name": "云岭区第一观景台崩塌点", "kind": "collapse"}))
    path = tmp_path / "hazard_gb.geojson"
    path.write_bytes(text.encode("gb18030"))
    assert import_file(dsn, path).taken == 1
    path.write_bytes(text.replace("gb-1", "utf16-1").encode("utf-16"))
    assert import_file(dsn, path).taken == 1
    rows = committed.execute("SELECT DISTINCT name FROM hazard WHERE key IN ('gb-1', 'utf16-1')").fetchall()
    assert [row["name"] for row in rows] == ["云岭区第一观景台崩塌点"]
    crs = json.loads(text) | {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}}
    path.write_text(json.dumps(crs).replace("gb-1", "cgcs-1"))
    assert import_file(dsn, path).taken == 1
    assert committed.execute("SELECT datum FROM hazard WHERE key = 'cgcs-1'").fetchone() == {"datum": "CGCS2000"}
