"""The door of the national catalogue's classes: what five digits mean, for everybody who is signed in."""

from __future__ import annotations

import pytest

from onemap.core.catalogue import load_catalogue
from onemap.core.policy import Role
from server.models import Classes
from tests.api.conftest import Running


@pytest.mark.parametrize("role", [Role.VIEWER, Role.TEAM, Role.PLANNER])
def test_classes_of_parts_are_told_to_everybody_inside(server: Running, role: Role) -> None:
    with server.client(role) as client:
        answer = client.get("/catalogue/classes")
    assert answer.headers["cache-control"] == "private, max-age=3600"
    found = Classes.model_validate(answer.json())
    assert (found.kind, len(found.classes), [one.code for one in found.majors]) == (
        "part", 153, ["01", "02", "03", "04", "05"],
    )  # fmt: skip
    names = {one.code: one.name for one in found.classes}
    assert (names["01001"], names["01037"], names["04002"]) == ("供水井盖", "路灯", "行道树")
    assert (found.majors[3].title.zh, found.majors[3].title.en) == ("园林绿化设施", "Parks and greenery")
    assert list(names) == sorted(names)


def test_the_same_five_digits_are_another_thing_among_matters(server: Running) -> None:
    with server.client(Role.COMMAND) as client:
        found = Classes.model_validate(client.get("/catalogue/classes", params={"kind": "matter"}).json())
        refused = client.get("/catalogue/classes", params={"kind": "person"})
    assert len(found.classes) == 250 and found.version == load_catalogue().version
    assert {one.code: one.name for one in found.classes}["01001"] == "供水井盖异常"
    assert refused.status_code == 400 and refused.json()["code"]
