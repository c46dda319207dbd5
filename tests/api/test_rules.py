"""The doors of rules: declared, checked, tried, switched on, versions, and what a file's rule refuses."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.warnings.rules import book, declared
from onemap.warnings.rules.spec import parse
from tests.api.conftest import Running

RULE: dict[str, Any] = {
    "key": "wet-cracks",
    "title": {"zh": "强降雨且裂缝加速", "en": "Rain and cracks"},
    "scope": "hazard",
    "where": "subject.level <= 2",
    "inputs": [
        {"name": "rain", "kind": "reading", "title": {"zh": "三小时雨量", "en": "Rain in 3 h"}, "unit": "mm",
         "property": "rain_mm", "aggregate": "sum", "window": "3h", "within_m": 2000, "upslope": True},
        {"name": "crack", "kind": "reading", "title": {"zh": "裂缝速率", "en": "Crack rate"}, "unit": "mm/d",
         "property": "crack_mm", "aggregate": "rate_per_d", "window": "1d", "own": True},
    ],
    "levels": [{"level": 2, "when": "rain > 50 && crack > 2", "until": "rain < 20"}],
}  # fmt: skip


def changed(**parts: Any) -> dict[str, Any]:
    return copy.deepcopy(RULE) | parts


def test_a_rule_is_checked_without_being_stored(server: Running) -> None:
    with server.client("command") as client:
        good = client.post("/rules/check", json=RULE)
        assert good.status_code == 200 and good.json() == {"problems": [], "subjects": 0}
        bad = client.post("/rules/check", json=changed(levels=[{"level": 2, "when": "rain > 50 && mud > 2"}])).json()
        assert [(p["where"], p["column"]) for p in bad["problems"]] == [("levels[0].when", 14)]
        assert "mud" in bad["problems"][0]["message"]
        assert client.get("/rules/wet-cracks").status_code == 404


def test_what_cannot_be_a_rule_is_refused_with_its_place(server: Running) -> None:
    with server.client("command") as client:
        assert client.post("/rules/check", json=changed(levels=[])).status_code == 400
        assert client.post("/rules/check", json=changed(scope="moon")).status_code == 400
        odd = client.post("/rules/check", json=changed(kind="moonquake"))
        assert odd.status_code == 400 and "kind" in odd.text


def test_a_rule_is_made_changed_and_deleted_with_its_versions(server: Running, committed: Connection) -> None:
    with server.client("command") as client:
        made = client.put("/rules/mine", json=changed(key="mine"))
        assert made.status_code == 200, made.text
        rule = made.json()
        assert (rule["version"], rule["enabled"], rule["origin"], rule["changed_by"]) == (1, False, "page", "command")
        assert rule["problems"] == [] and rule["dry_run_at"] is None and rule["open_warnings"] == 0
        assert client.put("/rules/mine", json=changed(key="mine")).json()["version"] == 1  # the same is no change
        assert client.put("/rules/mine", json=changed(key="mine", valid_h=12)).json()["version"] == 2
        assert [r["key"] for r in client.get("/rules").json()] == ["mine"]
        assert client.put("/rules/other", json=changed(key="mine")).status_code == 400
        assert client.delete("/rules/mine").status_code == 204
        assert client.get("/rules/mine").status_code == 404 and client.delete("/rules/mine").status_code == 404
    kept = book.versions(committed, "mine")
    assert [(v["version"], v["spec"] is None, v["changed_by"]) for v in kept] == [
        (3, True, "command"), (2, False, "command"), (1, False, "command"),
    ]  # fmt: skip


def test_a_stored_rule_names_its_problems(server: Running) -> None:
    with server.client("operator") as client:
        broken = client.put("/rules/broken", json=changed(key="broken", levels=[{"level": 1, "when": "rain >"}]))
        assert broken.status_code == 200
        assert broken.json()["problems"][0]["where"] == "levels[0].when"
        refused = client.post("/rules/broken/switch", json={"enabled": True})
        assert refused.status_code == 400 and refused.json()["detail"].startswith("levels[0].when")
        client.delete("/rules/broken")


@pytest.mark.parametrize("role", ["viewer", "team", "planner"])
def test_others_may_read_but_not_edit(server: Running, role: str) -> None:
    with server.client(role) as client:
        assert client.get("/rules").status_code == 200
        assert client.put("/rules/mine", json=changed(key="mine")).status_code == 403
        assert client.post("/rules/check", json=RULE).status_code == 403


def test_a_rule_of_a_file_can_be_switched_off_but_not_edited(server: Running, committed: Connection) -> None:
    file = declared.Declared(parse(changed(key="filed")), True, declared.SHIPPED)
    assert book.sync(committed, [file], CaseSettings()) == 1
    assert book.sync(committed, [file], CaseSettings()) == 0
    with server.client("command") as client:
        rule = client.get("/rules/filed").json()
        assert rule["origin"] == "file" and rule["enabled"] and rule["changed_by"] == "file"
        assert client.put("/rules/filed", json=changed(key="filed", valid_h=1)).status_code == 409
        assert client.delete("/rules/filed").status_code == 409
        assert not client.post("/rules/filed/switch", json={"enabled": False}).json()["enabled"]
        again = client.post("/rules/filed/switch", json={"enabled": True})
        assert again.status_code == 409 and "past" in again.json()["detail"]
    assert book.sync(committed, [], CaseSettings()) == 1  # the file is gone
