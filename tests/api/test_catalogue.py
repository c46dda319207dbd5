"""The door of the catalogue's classes: what five digits mean, for everybody signed in; a city's own come by restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import TypeAdapter

from etl.importer import import_file
from onemap.core import catalogue
from onemap.core.catalogue import load_catalogue
from onemap.core.errors import SetupError
from onemap.core.policy import Role
from onemap.core.settings import Settings
from server import models
from server.app import create_app
from server.models import Classes
from tests.api.conftest import PASSWORD, Running, serving

#: A matter of a shipped major class, a part of one that the city has for itself.
OWN = """kind,code,major_class,name,major_class_en,name_en
matter,06999,市容环境类,落叶堆积,,Heaps of leaves
part,11001,智慧设施,智能灯杆,Smart facilities,
"""
LEAVES = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [110.4, 29.1]},
    "properties": {"key": "own-1", "kind": "matter", "code": "06999", "occurred_at": "2026-01-05T08:00:00+08:00"},
}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.TEAM, Role.PLANNER])
def test_classes_of_parts_are_told_to_everybody_inside(server: Running, role: Role) -> None:
    with server.client(role) as client:
        answer = client.get("/catalogue/classes")
        again = client.get("/catalogue/classes", headers={"If-None-Match": answer.headers["etag"]})
        other = client.get("/catalogue/classes?kind=matter", headers={"If-None-Match": answer.headers["etag"]})
    assert answer.headers["cache-control"] == "private, no-cache"
    assert (again.status_code, again.content, other.status_code) == (304, b"", 200)
    found = Classes.model_validate(answer.json())
    assert (found.kind, len(found.classes), [one.code for one in found.majors]) == (
        "part", 153, ["01", "02", "03", "04", "05"],
    )  # fmt: skip
    names = {one.code: (one.title.zh, one.title.en) for one in found.classes}
    assert names["01001"] == ("供水井盖", "Water-supply manhole cover")
    assert (names["01037"], names["04002"]) == (("路灯", "Street lamp"), ("行道树", "Street tree"))
    assert (found.majors[3].title.zh, found.majors[3].title.en) == ("园林绿化设施", "Parks and greenery")
    assert list(names) == sorted(names)


def test_the_same_five_digits_are_another_thing_among_matters(server: Running) -> None:
    with server.client(Role.COMMAND) as client:
        found = Classes.model_validate(client.get("/catalogue/classes", params={"kind": "matter"}).json())
        refused = client.get("/catalogue/classes", params={"kind": "person"})
    assert len(found.classes) == 250 and found.version == load_catalogue().version
    assert {one.code: one.title.zh for one in found.classes}["01001"] == "供水井盖异常"
    assert refused.status_code == 400 and refused.json()["code"]


@pytest.fixture
def own_home(server_settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The module's database behind servers with a data home of their own."""
    yield server_settings.model_copy(update={"home": tmp_path})
    catalogue.use(None)


def _classes(client: httpx.Client, kind: str) -> tuple[Classes, str]:
    answer = client.get("/catalogue/classes", params={"kind": kind})
    return Classes.model_validate(answer.json()), answer.headers["etag"]


def _waiting(client: httpx.Client) -> dict[str, int]:
    """Ids of what waits in quarantine, by feed."""
    listed = TypeAdapter(list[models.Quarantined]).validate_python(client.get("/quarantine").json())
    return {one.feed: one.id for one in listed}


def test_what_waits_for_a_class_passes_once_the_city_has_it(
    server: Running, own_home: Settings, tmp_path: Path
) -> None:
    table = tmp_path / "部件.csv"
    table.write_text("标识码,经度,纬度\n33010211001000001,110.4,29.1\n", encoding="utf-8")
    with server.client("operator") as client:
        receipt = client.post("/feeds/incident", content=json.dumps(LEAVES)).json()
        assert (receipt["stored"], receipt["quarantined"]) == (0, 1)
        assert dict(import_file(server.dsn, table, home=tmp_path).reasons) == {"unknown-class": 1}
        waiting = _waiting(client)
        assert len(waiting) == 2
        for one in waiting.values():
            assert client.post(f"/quarantine/{one}/replay").json()["quarantined"] == 1
        before = _classes(client, "part")
    (tmp_path / catalogue.OWN).write_text(OWN, encoding="utf-8")
    with serving(own_home) as anew, anew.client("operator") as client:
        for one in waiting.values():
            assert client.post(f"/quarantine/{one}/replay").json()["stored"] == 1
        after = _classes(client, "part")
        matters, _ = _classes(client, "matter")
        known = {one["name"]: one for one in client.get("/catalogue").json()["surfaces"]}
        stored = [client.get(f"/ogc/collections/{path}").json()["properties"] for path in _ITEMS]
    assert after[1] != before[1] and len(after[0].classes) == len(before[0].classes) + 1
    assert (after[0].majors[-1].code, after[0].majors[-1].title.en) == ("11", "Smart facilities")
    assert (after[0].classes[-1].title.zh, after[0].classes[-1].title.en) == ("智能灯杆", "智能灯杆")
    assert {one.code: one.title.en for one in matters.classes}["06999"] == "Heaps of leaves"
    assert "part-11" in {one["name"] for one in known["incidents"]["categories"]}
    assert [one.get("name") or one["title"] for one in stored] == ["智能灯杆", "落叶堆积"]


_ITEMS = ("part/items/33010211001000001", "incident/items/own-1")


def test_a_server_does_not_start_on_a_file_that_it_cannot_use(own_home: Settings, tmp_path: Path) -> None:
    (tmp_path / catalogue.OWN).write_text(OWN.replace("11001", "01001"), encoding="utf-8")
    with pytest.raises(SetupError, match=r"catalogue\.csv:3: code：部件 01001 已是“供水井盖”") as refused:
        create_app(own_home)
    assert "already" in refused.value.message and PASSWORD not in refused.value.message
