"""The doors of rules: declared, checked, tried, switched on, versions, and what a file's rule refuses."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from onemap.core.policy import Role
from onemap.core.settings import CaseSettings
from onemap.store import account
from onemap.store.db import Connection
from onemap.warnings.rules import book, declared
from onemap.warnings.rules.around import Around
from onemap.warnings.rules.follow import Follower
from onemap.warnings.rules.spec import parse
from tests.api.conftest import PASSWORD, Running
from tests.db.rules_ground import add_hazard, add_sensor, observe

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


def test_a_rule_is_switched_on_once_this_version_was_tried(server: Running, committed: Connection) -> None:
    add_hazard(committed, "h1", 114.30, 30.60)
    add_hazard(committed, "h3", 114.30, 30.70, level=3)  # not the rule's
    add_sensor(committed, "c1", 114.30, 30.60, "crack_rate", hazard="h1")
    now = datetime.now(UTC).replace(microsecond=0)
    values = (1.0, 5.0, 9.0, 5.0, 3.0, 1.0)
    observe(committed, "c1", [(now - timedelta(hours=10 - k), value) for k, value in enumerate(values)])
    rate = {"name": "rate", "kind": "reading", "title": {"zh": "速率", "en": "Rate"}, "unit": "mm/d",
            "property": "crack_rate", "own": True}  # fmt: skip
    levels = [{"level": 1, "when": "rate > 8"}, {"level": 2, "when": "rate > 4", "until": "rate < 2"}]
    with server.client("command") as client:
        client.put("/rules/steps", json=changed(key="steps", inputs=[rate], levels=levels))
        refused = client.post("/rules/steps/switch", json={"enabled": True})
        assert refused.status_code == 409 and refused.json()["code"] == "conflict"
        answer = client.post("/rules/dry-run", json={"key": "steps", "days": 2})
        assert answer.status_code == 200, answer.text
        tried = answer.json()
        assert set(tried) == {
            "from",
            "to",
            "subjects",
            "evaluated",
            "warnings",
            "by_level",
            "series",
            "truncated",
            "took_ms",
        }
        assert (tried["subjects"], tried["truncated"], tried["by_level"]["1"]) == (1, False, 1)
        (warning,) = tried["warnings"]
        assert (warning["subject"], warning["level"], warning["values"]) == ("hazard:h1", 1, {"rate": 9.0})
        assert [level for _, level in warning["steps"]] == [2, 1, 2, 0]
        (series,) = tried["series"]
        assert series["limits"] == [[1, 8.0], [2, 4.0]] and [value for _, value in series["points"]] == list(values)
        assert client.post("/rules/dry-run", json={"key": "steps", "subject": "hazard:h3"}).status_code == 404
        assert client.post("/rules/dry-run", json={"key": "steps", "spec": RULE}).status_code == 400
        on = client.post("/rules/steps/switch", json={"enabled": True}).json()
        assert on["enabled"] and on["dry_run_at"] and on["version"] == 1
        follower = Follower(Around("Asia/Shanghai"), CaseSettings())
        follower.step(committed)
        observe(committed, "c1", [(datetime.now(UTC), 9.5)])
        with committed.transaction():
            assert follower.step(committed) == 1
        assert client.get("/rules/steps").json()["open_warnings"] == 1
        # A changed rule is off again, and its warnings end; to be switched on it must be tried once more.
        again = client.put("/rules/steps", json=changed(key="steps", inputs=[rate], levels=levels[:1])).json()
        assert (again["enabled"], again["version"], again["dry_run_at"], again["open_warnings"]) == (False, 2, None, 0)
        client.post("/rules/dry-run", json={"spec": changed(key="steps", inputs=[rate], levels=levels[:1]), "days": 1})
        assert client.get("/rules/steps").json()["dry_run_at"]  # declared just as it is stored
        assert client.delete("/rules/steps").status_code == 204


def test_an_account_of_a_part_of_the_city_sees_its_part_and_changes_nothing(
    server: Running, committed: Connection
) -> None:
    area = "ST_Multi(ST_MakeEnvelope(114.0, 30.0, 114.2, 30.9, 4326))"
    account.create_account(committed, "part", "part", Role.COMMAND, PASSWORD)
    committed.execute(f"UPDATE account SET area = {area} WHERE login = 'part'")
    add_hazard(committed, "west", 114.10, 30.60)
    with server.client("part") as client:
        assert client.post("/rules/check", json=RULE).json()["subjects"] == 1
        assert client.put("/rules/mine", json=changed(key="mine")).status_code == 403
        assert client.post("/rules/dry-run", json={"spec": RULE, "days": 1}).json()["subjects"] == 1
