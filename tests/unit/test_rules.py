"""Rules: conditions checked with places, three-valued answers, calendars, what is refused; bulk answers are CEL's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core.errors import BadInput, SetupError
from onemap.warnings.rules import declared
from onemap.warnings.rules.check import problems_of
from onemap.warnings.rules.conditions import SUBJECT, Condition, Fault, compile_condition, known
from onemap.warnings.rules.engine import Test as Ready
from onemap.warnings.rules.engine import answers_of, within
from onemap.warnings.rules.ground import Subject
from onemap.warnings.rules.plain import plain
from onemap.warnings.rules.spec import Calendar, duration_s, parse
from onemap.warnings.rules.steps import micros

NAMES = frozenset({"a", "b"})


def ready(text: str) -> Condition:
    found = compile_condition(text, NAMES)
    assert isinstance(found, Condition), found
    return found


@pytest.mark.parametrize(
    ("text", "values", "answer"),
    [
        ("a > 50", {"a": 50.5}, True),
        ("a > 50", {}, None),
        ("a > 1 || b > 1", {"b": 2.0}, True),
        ("a > 1 && b > 1", {"b": 0.0}, False),
        ("a > 1 && b > 1", {"b": 2.0}, None),
        ("!(a > 1)", {}, None),
        ("a * 3 + b / 2 >= 10", {"a": 3.0, "b": 2.0}, True),
        ("a > 1e1 && a < 20", {"a": 15.0}, True),
        ("a > subject.limit", {"a": 3.0}, True),
        ("a > subject.nothing", {"a": 3.0}, None),
        ("subject.name == 'x 50' ? a > 1 : a > 5", {"a": 3.0}, True),
        ("a / b > 1", {"a": 1.0, "b": 0.0}, True),
    ],
)
def test_a_condition_is_true_false_or_not_known(text: str, values: dict[str, float], answer: bool | None) -> None:
    assert ready(text).holds({**values, SUBJECT: {"limit": 2, "name": "x 50"}}) is answer


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("a > 50 && mud > 2", 11, "mud"),
        ("a >", 4, "Syntax error"),
        ("a + 1", None, "not true or false"),
        ("a > 'x'", 3, "no matching overload"),
        ("a > 5 &&\n b > 10 && c", 21, "undeclared"),
        ("[1, 2].all(x, x > 0)", 8, "all()"),
        ("a > 1\x00", 6, "printed"),
        ("(" * 60 + "a > 1" + ")" * 60, None, ""),
        ("", 1, "Syntax error"),
    ],
)
def test_a_fault_has_its_place_in_the_text_as_written(text: str, column: int | None, said: str) -> None:
    found = compile_condition(text, NAMES)
    assert isinstance(found, Fault) and found.column == column and said in found.message


TERMS = st.sampled_from(["a", "b", "1", "2.5", "0", "-a", "a + b", "a * 2", "b / a", "subject.n", "a - b * 0.5"])
COMPARED = st.builds(
    lambda x, op, y: f"{x} {op} {y}", TERMS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), TERMS
)
TEXTS = st.recursive(
    COMPARED,
    lambda part: st.one_of(
        st.builds(lambda x: f"!({x})", part),
        st.builds(lambda x, op, y: f"({x} {op} {y})", part, st.sampled_from(["&&", "||"]), part),
        st.builds(lambda x, y, z: f"{x} && {y} || {z}", part, part, part),
    ),
    max_leaves=6,
)
NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 2.5, 1e300, np.nan, 0.1, -0.0])


@settings(max_examples=100, deadline=None)
@given(
    text=TEXTS,
    rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=4, max_size=12),
    attribute=st.sampled_from([None, 2, 2.5, "text", True]),
)
def test_answers_in_bulk_are_those_of_cel(text: str, rows: list[tuple[float, float]], attribute: Any) -> None:
    condition = compile_condition(text, NAMES)
    if isinstance(condition, Fault):  # a sum of two attributes is no comparison of an input
        return
    subject = Subject("hazard:x", "x", 0.0, 0.0, {} if attribute is None else {"n": attribute})
    columns = {"a": np.array([a for a, _ in rows]), "b": np.array([b for _, b in rows])}
    found = answers_of(Ready(condition, plain(text)), columns, subject, len(rows))
    for row, answer in zip(rows, found.tolist(), strict=True):
        holds = condition.holds({**known("ab", row), SUBJECT: subject.attributes})
        assert answer == (-1 if holds is None else int(holds)), (text, row)


def test_what_is_held_against_a_number_is_known_for_charts() -> None:
    found = plain("a > 50 && (b >= 2.5 || 7 < b) && a - b > 3")
    assert found is not None
    assert [(one.input, one.op, one.value) for one in found.limits] == [("a", ">", 50), ("b", ">=", 2.5), ("b", ">", 7)]
    assert plain("subject.name == 'x' && a > 1") is None and plain("a > 1 ? true : b > 2") is None


def test_a_calendar_is_on_the_citys_clock_and_a_night_belongs_to_its_evening() -> None:
    night = Calendar(months=(6, 7), weekdays=(4,), hours="20-6")  # Fridays
    instants = [
        datetime(2026, 6, 5, 11, 59, tzinfo=UTC),  # Friday 19:59 in Shanghai
        datetime(2026, 6, 5, 12, 0, tzinfo=UTC),  # 20:00
        datetime(2026, 6, 5, 21, 59, tzinfo=UTC),  # Saturday 05:59: still Friday's night
        datetime(2026, 6, 5, 22, 0, tzinfo=UTC),
        datetime(2026, 6, 6, 13, 0, tzinfo=UTC),  # Saturday evening
        datetime(2026, 8, 7, 13, 0, tzinfo=UTC),  # a Friday of August
    ]
    times = np.array([micros(at) for at in instants], np.int64)
    assert within(night, times, "Asia/Shanghai").tolist() == [False, True, True, False, False, False]


def test_durations_and_hours_that_are_none_are_refused() -> None:
    assert [duration_s(text) for text in ("30min", "3h", "2d", "1.5h")] == [1800, 10_800, 172_800, 5400]
    for text in ("", "3", "0h", "91d", "3 h x", "-3h", "1e9d"):
        with pytest.raises(BadInput):
            duration_s(text)
    for hours in ("24-3", "3-3", "8", "a-b", "8-25"):
        with pytest.raises(BadInput):
            Calendar(hours=hours).span()


def test_every_fault_of_a_rule_is_named_with_its_place() -> None:
    text = {"zh": "x", "en": "x"}
    rule = parse(
        {
            "key": "r", "title": text, "scope": "grid", "where": "subject.level <",
            "inputs": [
                {"name": "a", "kind": "reading", "title": text, "aggregate": "sum"},
                {"name": "a", "kind": "incidents", "title": text},
                {"name": "own", "kind": "reading", "title": text, "property": "p", "own": True},
                {"name": "f", "kind": "feed", "title": text, "feed": "nowhere"},
                {"name": "h", "kind": "heat", "title": text, "surface": "nothing"},
                {"name": "w", "kind": "incidents", "title": text, "window": "forever"},
            ],
            "levels": [{"level": 1, "when": "true"}, {"level": 1, "when": "a > 1", "until": "b < 1"}],
            "calendar": {"hours": "8"},
        }
    )  # fmt: skip
    found = problems_of(rule, feeds=frozenset({"iot"}), surfaces=frozenset({"risk"}))
    assert {problem.where for problem in found} == {
        "inputs[0].property", "inputs[0].window", "inputs[0].own", "inputs[1].name", "inputs[1].window",
        "inputs[2].own", "inputs[3].feed", "inputs[4].surface", "inputs[5].window", "levels[0].when", "levels[1].level",
        "levels[1].until", "where", "calendar.hours",
    }  # fmt: skip


def test_shipped_rules_are_whole_and_files_of_the_house_take_their_place(tmp_path: Any) -> None:
    shipped = declared.load()
    assert len(shipped) >= 7
    for one in shipped:
        assert problems_of(one.rule) == [], one.path
        assert one.path.stem == one.rule.key
    (tmp_path / "rules").mkdir()
    own = tmp_path / "rules" / "mine.toml"
    text = shipped[0].path.read_text(encoding="utf-8").replace("valid_h", "# valid_h")
    own.write_text(text, encoding="utf-8")
    assert next(one for one in declared.load(tmp_path) if one.rule.key == shipped[0].rule.key).path == own
    own.write_text(text + "\nmoon = 1\n", encoding="utf-8")
    with pytest.raises(SetupError, match=r"mine\.toml"):
        declared.load(tmp_path)


def test_the_page_and_the_engine_declare_the_same_fields() -> None:
    from dataclasses import fields

    from onemap.warnings.rules import spec
    from server import rule_models

    for engine, page in (
        (spec.Rule, rule_models.RuleSpec), (spec.Input, rule_models.RuleInput), (spec.Level, rule_models.RuleLevel),
        (spec.Calendar, rule_models.RuleCalendar),
    ):  # fmt: skip
        assert {one.name for one in fields(engine)} == set(page.model_fields)
