"""Real grids through the formats: Hangzhou's grids and Providence's blocks, judged by GEOS alone.

A border may move by what the format rounds, and never so that a gap or an overlap comes of it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from onemap.core.datum import Datum, from_wgs84
from onemap.core.geometry import clean_geometries
from onemap.planning.coverage import Coverage, Face
from onemap.planning.exchange.look import Base, look_at
from onemap.planning.exchange.read import read_grids
from onemap.planning.exchange.spec import GridFile
from onemap.planning.exchange.write import write_grids

NANOMETRE_DEG = 1e-14
FILES = {
    "hangzhou": ("grids/hangzhou/grid_332.geojson", "网格编号", "所属组织"),
    "providence": ("coverage/providence_blocks.zip", "GEOID10", "NAME10"),
}


@pytest.fixture(scope="module", params=sorted(FILES))
def city(request: pytest.FixtureRequest, shared_data: Path) -> tuple[GridFile, Base]:
    """A real file as read, and the coverage that it makes: rows of one code are one grid, the bad ring is mended."""
    path, code, name = FILES[request.param]
    file = read_grids((shared_data / path).read_bytes(), path)
    shapes, _, refused = clean_geometries(file.shapes, "MultiPolygon")
    assert refused == {}
    codes = np.array([row[code] for row in file.rows])
    ids, first = np.unique(codes, return_index=True)
    joined = np.array([shapely.coverage_union_all(shapes[codes == one]) for one in ids], dtype=object)
    props = [
        {"code": str(one), "name": file.rows[at][name], "community_code": None}
        for one, at in zip(ids, first, strict=True)
    ]
    return file, Base([str(one) for one in ids], props, joined)


def _parts(shapes: np.ndarray) -> list[shapely.Geometry]:
    return [shapely.normalize(shapely.MultiPolygon(shapely.get_parts(shape).tolist())) for shape in shapes]


def _fits(shapes: np.ndarray, as_before: np.ndarray) -> None:
    """GEOS: a coverage without overlap; one piece of ground with the same holes and area as before."""
    assert shapely.coverage_is_valid(shapes)
    before, after = shapely.coverage_union_all(as_before), shapely.coverage_union_all(shapes)
    assert shapely.get_num_geometries(after) == shapely.get_num_geometries(before)
    holes = [sum(len(part.interiors) for part in shapely.get_parts(one)) for one in (before, after)]
    assert holes[0] == holes[1]
    assert abs(after.area / before.area - 1) < 1e-12
    assert abs(shapely.area(shapes).sum() / after.area - 1) < 1e-12


@pytest.mark.parametrize(
    ("form", "encoding"), [("gpkg", "utf-8"), ("shp", "utf-8"), ("shp", "gbk"), ("geojson", "utf-8")]
)
def test_a_round_trip_moves_no_border(city: tuple[GridFile, Base], form: str, encoding: str) -> None:
    _, base = city
    sent = write_grids(base.props, base.shapes, name="grids", format=form, encoding=encoding)
    back = read_grids(sent.data, sent.name)
    assert back.notes == ()
    assert [str(row["code"]) for row in back.rows] == list(base.ids)
    assert [row["name"] for row in back.rows] == [props["name"] for props in base.props]
    # These formats keep float64: nothing is rounded at all.
    assert all(shapely.equals_identical(_parts(back.shapes), _parts(base.shapes)))
    _fits(back.shapes, base.shapes)
    # Three times there and back is the same as once.
    for _ in range(2):
        sent = write_grids(base.props, back.shapes, name="grids", format=form, encoding=encoding)
        back = read_grids(sent.data, sent.name)
    assert all(shapely.equals_identical(_parts(back.shapes), _parts(base.shapes)))


@pytest.mark.parametrize("form", ["gpkg", "shp"])
def test_as_a_plan_it_is_a_coverage_with_the_same_borders(city: tuple[GridFile, Base], form: str) -> None:
    _, base = city
    sent = write_grids(base.props, base.shapes, name="grids", format=form)
    look = look_at(read_grids(sent.data, sent.name), base)
    assert look.findings.problems == []
    assert look.findings.repairs == []
    assert [one.id for one in look.drawn] == list(base.ids)
    cov = Coverage.from_polygons([Face(one.id, one.props) for one in look.drawn], [one.shape for one in look.drawn])
    shapes = np.empty(len(base.ids), dtype=object)
    shapes[:] = list(cov.polygons(base.ids))
    _fits(shapes, base.shapes)
    for shape, before in zip(shapes, base.shapes, strict=True):
        # Noding may add a corner on a straight border; it moves none.
        assert shapely.hausdorff_distance(shape, before) <= NANOMETRE_DEG
        assert shapely.symmetric_difference(shape, before).area <= 1e-9 * before.area


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_another_datum_and_back_moves_borders_by_less_than_its_rounding(
    city: tuple[GridFile, Base], datum: Datum
) -> None:
    _, base = city
    if float(base.shapes[0].bounds[0]) < 0:
        return  # these datums are of China alone
    moved = np.array(
        [
            shapely.transform(one, lambda at: np.column_stack(from_wgs84(at[:, 0], at[:, 1], datum)))
            for one in base.shapes
        ],
        dtype=object,
    )
    sent = write_grids(base.props, moved, name="grids", format="shp", encoding="gbk")
    back = read_grids(sent.data, sent.name, datum=datum.value)
    _fits(back.shapes, back.shapes)
    assert max(shapely.hausdorff_distance(back.shapes, base.shapes)) < 1e-11
    look = look_at(back, base)
    assert look.findings.problems == []
    # Corners within two centimetres of the edition's are the edition's: nothing has changed at all.
    assert all(shapely.equals_identical(_parts([one.shape for one in look.drawn]), _parts(base.shapes)))


def test_the_raw_file_is_told_what_it_needs(city: tuple[GridFile, Base]) -> None:
    file, base = city
    look = look_at(file, base)
    assert look.findings.problems == []
    kinds = {repair.kind for repair in look.findings.repairs}
    # Hangzhou's file has one ring that touches itself and grids in several rows.
    assert kinds == (set() if len(base.ids) == len(file.rows) else {"invalid", "joined"})
    shapes = np.array([one.shape for one in look.drawn], dtype=object)
    _fits(shapes, base.shapes)


@pytest.mark.parametrize(("digits", "metres"), [(7, 0.012), (6, 0.12), (5, 1.2)])
def test_rounded_files_are_mended_to_a_coverage(city: tuple[GridFile, Base], digits: int, metres: float) -> None:
    """What other software does: every polygon rounded by itself, here also with each corner of the row dropped."""
    _, base = city
    content = json.loads(write_grids(base.props, base.shapes, name="g", format="geojson").data)
    for feature in content["features"]:
        feature["geometry"]["coordinates"] = [
            [[[round(x, digits), round(y, digits)] for x, y in ring] for ring in polygon]
            for polygon in feature["geometry"]["coordinates"]
        ]
    file = read_grids(json.dumps(content).encode(), "rounded.geojson")
    look = look_at(file, base)
    assert [problem.en for problem in look.findings.problems if "Nothing is left" not in problem.en] == []
    shapes = np.array([one.shape for one in look.drawn], dtype=object)
    assert shapely.coverage_is_valid(shapes)
    ground, whole = shapely.coverage_union_all(shapes), shapely.coverage_union_all(base.shapes)
    assert shapely.symmetric_difference(ground, whole).area < 1e-10 * whole.area
    ours = {one.id: one.shape for one in look.drawn}
    far = [shapely.symmetric_difference(ours[name], shape).area / shape.length
           for name, shape in zip(base.ids, base.shapes, strict=True) if name in ours]  # fmt: skip
    assert max(far) * 111_320 < metres
