"""Files of cities and agencies that nobody here made: what they fill, and what of them is refused, with why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from etl.importer import ImportSummary, import_file
from onemap.core.errors import BadInput
from onemap.store.db import Connection


def counts(summary: ImportSummary) -> tuple[int, int, int, int]:
    return summary.taken, summary.unchanged, summary.skipped, summary.quarantined


def test_suzhou_buildings(dsn: str, shared_data: Path, committed: Connection) -> None:
    path = shared_data / "buildings" / "suzhou_buildings_3076.geojson"
    assert counts(import_file(dsn, path)) == (3076, 0, 0, 0)
    assert counts(import_file(dsn, path)) == (0, 3076, 0, 0)
    row = committed.execute(
        "SELECT min(floors) AS low, max(floors) AS high, max(height_m) AS tall FROM building"
    ).fetchone()
    assert row is not None and row["low"] >= 0 and row["high"] > 20 and row["tall"] > 60


def test_hangzhou_grids_areas_and_events(dsn: str, shared_data: Path, committed: Connection) -> None:
    folder = shared_data / "grids" / "hangzhou"
    assert counts(import_file(dsn, folder / "grid_332.geojson"))[0] == 332
    assert counts(import_file(dsn, folder / "community_90.geojson"))[0] == 90
    assert counts(import_file(dsn, folder / "street_8.geojson"))[0] == 8
    assert counts(import_file(dsn, folder / "avenue.geojson"))[0] == 46
    levels = committed.execute("SELECT level, count(*) AS n FROM area GROUP BY 1 ORDER BY 1").fetchall()
    assert [(r["level"], r["n"]) for r in levels] == [("community", 90), ("street", 8)]
    assert committed.execute("SELECT count(*) AS n FROM grid WHERE st_isvalid(geom)").fetchone() == {"n": 332}
    refused = import_file(dsn, folder / "grid_events.geojson")
    assert (refused.taken, refused.reasons) == (0, {"no-zone": 228})
    events = import_file(dsn, folder / "grid_events.geojson", zone="Asia/Shanghai")
    assert counts(events) == (228, 0, 0, 0)
    row = committed.execute(
        "SELECT min(occurred_at) AS first, max(occurred_at) AS last, count(DISTINCT title) AS titles FROM incident"
    ).fetchone()
    assert row is not None and row["first"].isoformat()[:10] in ("2018-09-23", "2018-09-24") and row["titles"] > 10


def test_hangzhou_public_facilities_are_parts(dsn: str, shared_data: Path, committed: Connection) -> None:
    path = shared_data / "grids" / "hangzhou" / "public_facilities.geojson"
    summary = import_file(dsn, path)
    assert counts(summary) == (753, 0, 0, 0) and list(summary.layers) == ["part"]
    assert set(summary.ignored) == {"编号", "开放时间", "专用", "厕纸", "费用", "车位数", "剩余车位数", "班次"}
    rows = committed.execute(
        "SELECT class_code, name, count(*) AS n, count(code) AS coded FROM part GROUP BY 1, 2 ORDER BY 1"
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        ("02004", "三塘竹苑", 233, 0), ("02026", "公共自行车租赁点", 352, 0), ("03001", "公共厕所", 168, 0),
    ]  # fmt: skip
    assert counts(import_file(dsn, path)) == (0, 753, 0, 0)


def test_vancouver_incidents_in_a_projected_system(dsn: str, shared_data: Path, committed: Connection) -> None:
    path = shared_data / "incidents" / "vancouver_crime_2022.csv"
    with pytest.raises(BadInput, match="--datum"):
        import_file(dsn, path)
    summary = import_file(dsn, path, datum="EPSG:26910", zone="America/Vancouver")
    assert (summary.taken, summary.quarantined) == (30_351, 3_905)
    assert summary.reasons == {"null-island": 3_904, "no-position": 1}
    row = committed.execute(
        "SELECT datum, st_distance(geom::geography, st_transform(st_setsrid(st_makepoint(494090.1083, 5458587.137), "
        "26910), 4326)::geography) AS off FROM incident "
        "WHERE address = '11XX E PENDER ST' AND occurred_at = '2022-02-19T21:00:00Z'"
    ).fetchone()
    assert row is not None and row["datum"] == "EPSG:26910"
    assert row["off"] < 0.001


def test_repeated_rows_without_id_stay_apart(dsn: str, shared_data: Path) -> None:
    path = shared_data / "incidents" / "2018-10-avon-and-somerset-street.csv"
    summary = import_file(dsn, path, layer="incident", zone="Europe/London")
    assert (summary.taken, summary.unchanged, summary.reasons) == (13_417, 0, {"no-position": 1_658})
    again = import_file(dsn, path, layer="incident", zone="Europe/London")
    assert (again.taken, again.unchanged) == (0, 13_417)


def test_landslides_with_broken_bytes(dsn: str, shared_data: Path, committed: Connection) -> None:
    path = shared_data / "hazards" / "nasa_global_landslide_catalog.csv"
    summary = import_file(dsn, path)
    assert (summary.taken, summary.reasons) == (7_693, {"encoding": 1_871})
    declared = import_file(dsn, path, encoding="cp1252")
    assert declared.taken + declared.unchanged == 9_564 or declared.quarantined > 0
    kinds = committed.execute("SELECT count(*) AS n FROM hazard WHERE kind = 'debris_flow'").fetchone()
    assert kinds is not None and kinds["n"] > 50


def test_projected_shapefile_in_an_archive(dsn: str, shared_data: Path) -> None:
    summary = import_file(dsn, shared_data / "coverage" / "providence_blocks.zip")
    assert counts(summary) == (3_014, 0, 0, 0)
    assert summary.bounds is not None and -72 < summary.bounds[0] < summary.bounds[2] < -71


def test_gcj02_lands_on_cgcs2000(dsn: str, shared_data: Path, committed: Connection) -> None:
    folder = shared_data / "datum"
    assert import_file(dsn, folder / "districts_cgcs2000.gpkg").taken == 11
    committed.execute("CREATE TABLE IF NOT EXISTS public.truth AS SELECT name, geom FROM area WHERE feed = 'import'")
    committed.execute("DELETE FROM area")
    assert import_file(dsn, folder / "districts_gcj02.geojson", datum="GCJ-02").taken == 11
    rows = committed.execute(
        "SELECT a.datum, st_distance(st_centroid(a.geom)::geography, st_centroid(t.geom)::geography) AS off "
        "FROM area a JOIN public.truth t ON t.name = a.name ORDER BY 2"
    ).fetchall()
    assert len(rows) == 11 and {row["datum"] for row in rows} == {"GCJ-02"}
    # The two surveys draw some districts differently; unconverted, the nearest would stand 457 m away.
    assert rows[0]["off"] < 40 and rows[5]["off"] < 120


def test_cameras(dsn: str, shared_data: Path) -> None:
    assert counts(import_file(dsn, shared_data / "cameras" / "rotterdam_camera_spotting.geojson")) == (187, 0, 0, 0)


def test_tracks(dsn: str, shared_data: Path, committed: Connection) -> None:
    folder = shared_data / "tracks"
    assert counts(import_file(dsn, folder / "empty.gpx")) == (0, 0, 0, 0)
    assert import_file(dsn, folder / "expertgps.gpx").taken == 1
    assert import_file(dsn, folder / "gdb-sample.gpx").taken == 6
    untimed = import_file(dsn, folder / "LineStyles.gpx")
    assert untimed.taken == 0 and untimed.reasons["no-measure"] == 12
    row = committed.execute(
        "SELECT bool_and(st_m(st_startpoint(geom)) = extract(epoch FROM started_at)) AS good, min(length_m) AS least "
        "FROM track"
    ).fetchone()
    assert row is not None and row["good"] and row["least"] > 0
    for name in ("flight_with_gps.ulg", "no_gps.ulg", "waypoints.nmea"):
        with pytest.raises(BadInput, match="can be imported"):
            import_file(dsn, folder / name)


def test_rasters(dsn: str, shared_data: Path, tmp_path: Path, committed: Connection) -> None:
    folder = shared_data / "raster"
    summary = import_file(dsn, folder / "mountain_dem_30m.tif", home=tmp_path)
    assert summary.layers["raster"].taken == 1
    row = committed.execute("SELECT path, st_xmin(bounds) AS west FROM raster").fetchone()
    assert row is not None and (tmp_path / row["path"]).is_file() and -118.5 < row["west"] < -118.2
    assert import_file(dsn, folder / "mountain_dem_30m.tif", home=tmp_path).layers["raster"].unchanged == 1
    with pytest.raises(BadInput, match="coordinate system"):
        import_file(dsn, folder / "no_crs_gcps.tif", home=tmp_path)


def test_half_a_file_gives_its_whole_features(dsn: str, shared_data: Path, tmp_path: Path) -> None:
    whole = (shared_data / "cameras" / "rotterdam_camera_spotting.geojson").read_bytes()
    half = tmp_path / "camera_half.geojson"
    half.write_bytes(whole[: len(whole) // 2])
    summary = import_file(dsn, half)
    assert 80 < summary.taken < 100 and summary.reasons == {"json": 1}
    archive = tmp_path / "blocks.zip"
    shutil.copyfile(shared_data / "coverage" / "providence_blocks.zip", archive)
    archive.write_bytes(archive.read_bytes()[:100_000])
    with pytest.raises(BadInput):
        import_file(dsn, archive)
