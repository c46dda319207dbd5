"""Hot-spot doors: the whole study area is tested, what is committed is in the next answer, no right sees further."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from fastapi import FastAPI
from shapely.geometry import MultiPolygon, Point, box, shape

from onemap.core.cell import boundaries, boundary, cell_from_hex, cells_of, hex_of, parents
from onemap.core.clock import now as present
from onemap.heat import domain
from onemap.heat.ask import Ask
from onemap.heat.count import published
from onemap.heat.hotspot import gistar
from onemap.heat.hotspot.emerging import emerging, name_of
from onemap.heat.hotspot.gistar import CLASSES
from onemap.heat.hotspot.hotspot_question import Question
from onemap.heat.hotspot.hotspots import HotSpots
from onemap.heat.lattice import lattice
from onemap.heat.surface import surfaces
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from server.hotspot_models import HotSpotCell
from server.hotspot_models import HotSpots as HotSpotsModel

Get = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("one_hour")
INCIDENT = BY_NAME["incident"]
CITY = box(106.44, 29.54, 106.56, 29.66)
HEAP = (106.52, 29.61)
DOOR = "/heat/incidents/hotspots"
INCIDENTS = """
SELECT h3, coalesce(occurred_at, reported_at, sys_from) AS at FROM incident
"""


def incident(key: str, lon: float, lat: float, at: datetime, code: str = "06010", severity: int = 3) -> FeatureRow:
    given = {"kind": "matter", "code": code, "occurred_at": at, "severity": severity, "title": "暴露垃圾"}
    return FeatureRow(key, Point(lon, lat), given)


@pytest.fixture(scope="module", autouse=True)
def ground(filled: str) -> None:
    """A district, incidents all over it, a heap of this day, and one that has grown for weeks."""
    rng = np.random.default_rng(7)
    at = datetime.now(UTC)
    rows = [
        incident(f"any-{n}", *rng.uniform((106.44, 29.54), (106.56, 29.66)), at - timedelta(hours=float(h)))
        for n, h in enumerate(rng.uniform(0, 12 * 24, 400))
    ]
    rows += [incident(f"heap-{n}", HEAP[0] + 1e-4 * n, HEAP[1], at - timedelta(hours=n % 20)) for n in range(30)]
    rows += [
        incident(f"old-{day}-{n}", 106.47 + 1e-4 * n, 29.57, at - timedelta(days=day, hours=1))
        for day in range(12)
        for n in range(14 - day)
    ]
    area = {"level": "district", "code": "500100", "name": "样区", "name_en": "Sample", "parent_code": None}
    with connect(filled) as conn:
        feature.upsert(conn, BY_NAME["area"], [FeatureRow("city", MultiPolygon([CITY]), area)], feed="test")
        feature.upsert(conn, INCIDENT, rows, feed="test")


def study_cells(conn: Connection, res: int) -> Any:
    found = domain.domain(conn, res)
    assert len(found) > 100
    return found


def anew(app: FastAPI, question: Question) -> Any:
    """What a process that has just started says."""
    fresh = HotSpots(app.state.onemap.sync_pool)
    with fresh.held(question) as kept:
        return kept.significance, kept.totals.copy(), kept.grid.cells


def by_class(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found = answer.json()
    HotSpotsModel.model_validate(found)
    return {one["properties"]["class"]: one for one in found["features"]}


def test_outlines_are_those_of_the_slow_way(get: Get, conn: Connection) -> None:
    res, hours = 9, 24
    answer = get(f"{DOOR}?res={res}&least=0.9&window={hours}h")
    cells = study_cells(conn, res)
    low = int(present().timestamp()) // 3600 - hours
    rows = conn.execute(INCIDENTS).fetchall()
    own = parents([row["h3"] for row in rows if row["at"].timestamp() >= low * 3600], res)
    counts = np.array([int((own == cell).sum()) for cell in cells])
    told = gistar.gi_star(lattice(cells), counts)
    found = by_class(answer)
    assert set(found) == {CLASSES[code] for code in set(told.codes.tolist())} - {"none"}
    assert "hot99" in found
    for name, one in found.items():
        which = np.array([CLASSES[code] == name for code in told.codes.tolist()])
        properties = one["properties"]
        assert properties["cells"] == which.sum()
        assert properties["events"] == counts[which].sum()
        assert properties["z_max"] == pytest.approx(told.z[which][np.abs(told.z[which]).argmax()], abs=1e-6)
        assert properties["p_min"] == pytest.approx(told.p[which].min(), abs=1e-12)
        union = shapely.union_all(boundaries(cells[which]), grid_size=1e-9)
        assert shape(one["geometry"]).symmetric_difference(union).area < 1e-3 * union.area  # six digits
        assert properties["area_km2"] == pytest.approx(0.105 * which.sum(), rel=0.15)
    meta = answer.json()["meta"]
    assert (meta["res"], meta["cells_tested"], meta["study_area"]) == (res, len(cells), "district")
    assert shape(found["hot99"]["geometry"]).contains(Point(HEAP))


def test_every_cell_tells_its_figures(get: Get, conn: Connection) -> None:
    heap = hex_of(int(cells_of(*HEAP, 9)))
    told = get(f"{DOOR}/cells/{heap}").json()
    HotSpotCell.model_validate(told)
    assert told["class"] == "hot99"
    assert told["q"] <= 0.01
    assert told["neighbours"] == 6
    assert told["n"] == len(study_cells(conn, 9))
    assert told["local_sum"] >= told["value"] > told["mean"]
    assert told["emerging"]["class"].startswith("hot-")
    assert len(told["emerging"]["z_series"]) == 12
    edge = min(study_cells(conn, 9).tolist(), key=lambda cell: boundary(cell).bounds[0])
    assert get(f"{DOOR}/cells/{hex_of(edge)}").json()["neighbours"] < 6
    assert get(f"{DOOR}/cells/{hex_of(int(cells_of(107.5, 29.6, 9)))}").status_code == 404


@pytest.mark.parametrize("more", ["", "&weight=severity", "&decay=6", "&category=matter-06&severity=1", "&rings=2"])
def test_what_is_committed_is_in_the_next_answer(more: str, get: Get, app: FastAPI, committed: Connection) -> None:
    place = (106.50, 29.64)
    cell = hex_of(int(cells_of(*place, 9)))
    ways = {"&weight=severity": {"weight": "severity"}, "&decay=6": {"half_life_h": 6.0}, "": {}, "&rings=2": {}}
    ask = Ask("incidents", now=present().replace(minute=0, second=0, microsecond=0),
              **ways.get(more, {"categories": ("matter-06",), "severities": (1,)}))  # fmt: skip
    question = Question(ask, 9, 2 if "rings" in more else 1)

    def value() -> Any:
        told = get(f"{DOOR}/cells/{cell}?least=0.95{more}").json()
        significance, totals, cells = anew(app, question)
        at = int(np.searchsorted(cells, cell_from_hex(cell)))
        assert told["z"] == pytest.approx(significance.z[at], abs=1e-9)
        assert told["q"] == pytest.approx(significance.q[at], abs=1e-9)
        assert told["value"] == pytest.approx(totals[at], abs=1e-6)
        return told["value"]

    before = value()
    rows = [incident(f"new-{n}", *place, datetime.now(UTC), severity=1) for n in range(9)]
    with committed.transaction():
        feature.upsert(committed, INCIDENT, rows, feed="test")
    assert value() > before
    with committed.transaction():
        feature.upsert(committed, INCIDENT, [incident("new-0", 106.46, 29.65, datetime.now(UTC), "09001")], feed="test")
    value()
    assert by_class(get(f"{DOOR}?res=9{more}"))["hot99"]["properties"]["cells"] > 0
    feature.delete(committed, INCIDENT, [row.key for row in rows])
    assert value() == before


def test_it_is_added_up_and_not_read_anew(get: Get, committed: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more incident costs a look at what changed, and no reading of the window."""
    before = by_class(get(f"{DOOR}?res=8"))["hot99"]["properties"]["events"]
    monkeypatch.setattr(HotSpots, "_read_anew", lambda *_: pytest.fail("the window was read anew"))
    with committed.transaction():
        feature.upsert(committed, INCIDENT, [incident("one", *HEAP, datetime.now(UTC))], feed="test")
    assert by_class(get(f"{DOOR}?res=8"))["hot99"]["properties"]["events"] == before + 1
    feature.delete(committed, INCIDENT, ["one"])
    assert by_class(get(f"{DOOR}?res=8"))["hot99"]["properties"]["events"] == before


def test_emerging_steps_are_windows_side_by_side(get: Get, conn: Connection, committed: Connection) -> None:
    answer = get(f"{DOOR}?res=9&kind=emerging&window=1d&steps=12")
    found, meta = by_class(answer), answer.json()["meta"]
    assert len(meta["steps"]) == 12
    for (_, end), (start, _) in zip(meta["steps"][:-1], meta["steps"][1:], strict=True):
        assert end == start
    cells = study_cells(conn, 9)
    edges = [datetime.fromisoformat(meta["steps"][0][0]), *(datetime.fromisoformat(e) for _, e in meta["steps"])]
    rows = conn.execute(INCIDENTS).fetchall()
    cube = np.zeros((12, len(cells)), np.int64)
    own = parents([row["h3"] for row in rows], 9)
    for row, cell in zip(rows, own.tolist(), strict=True):
        step, at = int(np.searchsorted(edges, row["at"], side="right")) - 1, int(np.searchsorted(cells, cell))
        if 0 <= step < 12 and at < len(cells) and cells[at] == cell:
            cube[step, at] += 1
    told = emerging(lattice(cells), cube, alpha=0.05)
    names = [name_of(int(code)) for code in told.kinds]
    assert {name: one["properties"]["cells"] for name, one in found.items()} == {
        name: names.count(name) for name in set(names) - {"none"}
    }
    grown = cell_from_hex(get(f"{DOOR}/cells/{hex_of(int(cells_of(106.47, 29.57, 9)))}?window=1d").json()["cell"])
    assert names[int(np.searchsorted(cells, grown))] in ("hot-intensifying", "hot-persistent")
    with committed.transaction():
        feature.upsert(committed, INCIDENT, [incident("step", 106.47, 29.57, datetime.now(UTC))], feed="test")
    after = by_class(get(f"{DOOR}?res=9&kind=emerging&window=1d&steps=12"))
    total = sum(one["properties"]["events"] for one in after.values())
    assert total == 1 + sum(one["properties"]["events"] for one in found.values())
    feature.delete(committed, INCIDENT, ["step"])


def test_a_box_chooses_outlines_and_never_what_is_tested(get: Get) -> None:
    whole, near = get(f"{DOOR}?res=9"), get(f"{DOOR}?res=9&bbox=106.515,29.605,106.525,29.615")
    far = get(f"{DOOR}?res=9&bbox=106.10,29.605,106.11,29.615")
    assert whole.json()["meta"] == near.json()["meta"] == far.json()["meta"]
    assert by_class(far) == {}
    assert by_class(near)["hot99"]["properties"]["z_max"] == by_class(whole)["hot99"]["properties"]["z_max"]
    assert by_class(near)["hot99"]["properties"]["cells"] <= by_class(whole)["hot99"]["properties"]["cells"]


def test_who_has_it_is_told_so(get: Get, committed: Connection) -> None:
    first = get(f"{DOOR}?res=9")
    assert get(f"{DOOR}?res=9", If_None_Match=first.headers["etag"]).status_code == 304
    with committed.transaction():
        feature.upsert(committed, INCIDENT, [incident("tag", *HEAP, datetime.now(UTC))], feed="test")
    assert get(f"{DOOR}?res=9", If_None_Match=first.headers["etag"]).status_code == 200
    feature.delete(committed, INCIDENT, ["tag"])
    assert get(f"{DOOR}?res=9", If_None_Match=first.headers["etag"]).status_code == 304


def test_a_changed_district_is_another_study_area(get: Get, committed: Connection) -> None:
    before = get(f"{DOOR}?res=8").json()["meta"]["cells_tested"]
    area = {"level": "district", "code": "500101", "name": "邻区", "name_en": "Beside", "parent_code": None}
    with committed.transaction():
        beside = FeatureRow("beside", MultiPolygon([box(106.56, 29.54, 106.60, 29.66)]), area)
        feature.upsert(committed, BY_NAME["area"], [beside], feed="test")
    assert get(f"{DOOR}?res=8").json()["meta"]["cells_tested"] > before
    feature.delete(committed, BY_NAME["area"], ["beside"])
    assert get(f"{DOOR}?res=8").json()["meta"]["cells_tested"] == before


def test_the_zoom_chooses_a_resolution(get: Get) -> None:
    assert get(f"{DOOR}?z=5").json()["meta"]["res"] == 5
    assert get(f"{DOOR}?z=12").json()["meta"]["res"] >= 8
    assert get(f"{DOOR}?z=22").json()["meta"]["res"] <= 11


def test_an_area_is_tested_by_itself(get: Get, conn: Connection) -> None:
    who = "operator in area"
    answer = get(f"{DOOR}?res=11", who)
    whole = get(f"{DOOR}?res=11").json()["meta"]["cells_tested"]
    assert 0 < answer.json()["meta"]["cells_tested"] < whole
    for name in by_class(answer):
        assert name in CLASSES.values()
    outside = hex_of(int(cells_of(106.47, 29.57, 11)))
    assert get(f"{DOOR}/cells/{outside}", who).status_code == 404
    assert get(f"{DOOR}/cells/{outside}").status_code == 200


def test_who_has_no_right_to_counts_gets_published_ones(get: Get, filled: str) -> None:
    with connect(filled) as conn:
        end = published.through(conn, "incidents")
    answer = get(f"{DOOR}?window=7d", "viewer")
    meta = answer.json()["meta"]
    assert meta["published"] and meta["res"] <= published.RES
    if end is None:
        assert by_class(answer) == {}
    assert get(f"{DOOR}?res=11", "viewer").status_code == 400
    assert get(f"{DOOR}?window=7d&source=patrol", "viewer").status_code == 400
    assert not get(f"{DOOR}?window=7d", "command").json()["meta"]["published"]


def test_a_surface_as_it_stands_has_hot_spots_and_no_steps(get: Get) -> None:
    risk = next(spec.name for spec in surfaces() if spec.kind == "risk")
    meta = get(f"/heat/{risk}/hotspots?res=9").json()["meta"]
    assert meta["from"] is None
    assert meta["cells_tested"] > 100
    told = get(f"/heat/{risk}/hotspots/cells/{hex_of(int(cells_of(*HEAP, 9)))}").json()
    assert told["emerging"] is None
    assert get(f"/heat/{risk}/hotspots?res=9&kind=emerging").status_code == 400


def test_questions_share_their_lattice_and_are_forgotten(app: FastAPI) -> None:
    spots = HotSpots(app.state.onemap.sync_pool)
    ask = Ask("incidents", now=present().replace(minute=0, second=0, microsecond=0))
    grids = set()
    for hours in range(1, 30):
        with spots.held(Question(replace(ask, window=f"{hours}h"), 7)) as kept:
            grids.add(id(kept.grid))
    assert len(grids) == 1
    assert len(spots._kept) == 24


def test_a_hidden_surface_does_not_exist(get: Get) -> None:
    for path in (DOOR, f"{DOOR}/cells/{hex_of(int(cells_of(*HEAP, 9)))}"):
        assert get(path, "key two layers").status_code == 404


def test_bad_questions_are_refused(get: Get) -> None:
    for query in ("res=12", "res=4", "kind=x", "least=0.5", "window=x", "bbox=1,2", "rings=3", "kind=emerging&steps=2"):
        assert get(f"{DOOR}?{query}").status_code == 400, query
    assert get("/heat/nothing/hotspots").status_code == 404
    assert get(f"{DOOR}/cells/zzz").status_code == 400
    assert get(f"{DOOR}/cells/{hex_of(int(cells_of(*HEAP, 13)))}").status_code == 400
