"""Made-up readings of a drill put a point at the level that the scenario says, and at no worse one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemap.core.errors import SetupError
from onemap.warnings.drills import course
from onemap.warnings.drills.scenario import read, scenarios

AT = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)


def rule(
    level: int, enter: float, leave: float, op: str = ">=", stream: str = "s.rate", hold_s: float = 0
) -> dict[str, Any]:
    return {
        "key": f"{stream}:{level}", "datastream_key": stream, "hazard_key": "h1", "level": level, "op": op,
        "enter": enter, "leave": leave, "hold_s": hold_s, "property": "crack_rate", "name": "裂缝速率",
        "unit": "mm/d", "sensor_key": "s", "sensor_name": "裂缝计",
    }  # fmt: skip


@st.composite
def ladders(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Thresholds of one datastream: one to four levels, each worse one farther out, upwards or downwards."""
    up = draw(st.booleans())
    levels = sorted(draw(st.sets(st.integers(1, 4), min_size=1)), reverse=True)
    gaps = draw(st.lists(st.floats(0.01, 500), min_size=len(levels), max_size=len(levels)))
    first = draw(st.floats(-100, 100))
    rules, at = [], first
    for level, gap in zip(levels, gaps, strict=True):
        at += gap if up else -gap
        rules.append(rule(level, at, at - gap / 2 if up else at + gap / 2, ">=" if up else "<=", hold_s=600))
    return sorted(rules, key=lambda one: (one["level"], one["key"]))


@given(ladders(), st.integers(1, 4))
def test_a_point_stands_where_the_scenario_puts_it_and_falls_back(rules: list[dict[str, Any]], level: int) -> None:
    have = {one["level"] for one in rules}
    # The level asked for; else the next milder one; else the mildest that is worse.
    milder, worse = [n for n in have if n > level], [n for n in have if n < level]
    expected = level if level in have else min(milder) if milder else max(worse)
    made = course.exceed(rules, level, AT)
    cause = course.standing(rules, made)
    assert cause is not None and cause["level"] == expected
    assert cause["text_zh"].startswith("【演练】") and cause["text_en"].startswith("[Exercise]")
    after = made + course.ease(rules, AT + timedelta(minutes=1))
    assert course.standing(rules, after) is None


def test_points_with_several_sensors_stand_at_the_worst_of_them() -> None:
    rules = [rule(2, 10, 8), rule(3, 5, 4), rule(3, 30, 25, stream="t.tilt")]
    made = course.exceed(rules, 3, AT)
    assert course.standing(rules, made)["level"] == 3  # type: ignore[index]
    made += course.exceed(rules, 2, AT + timedelta(minutes=5))
    assert course.standing(rules, made)["level"] == 2  # type: ignore[index]
    made += course.ease(rules, AT + timedelta(minutes=9))
    assert course.standing(rules, made) is None
    assert {stream for stream, _, _ in course.ease(rules, AT)} == {"s.rate", "t.tilt"}


def test_shipped_scenarios_are_sound_and_a_home_may_add_its_own(tmp_path: Path) -> None:
    assert {"wet-night", "first-call"} <= set(scenarios(tmp_path))
    folder = tmp_path / "scenarios"
    folder.mkdir()
    text = (Path(course.__file__).parent / "scenarios" / "first-call.toml").read_text()
    (folder / "own.toml").write_text(text.replace('key = "first-call"', 'key = "own"'))
    assert "own" in scenarios(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("at_min = 0\n", "at_min = 4.9\n", "order of time"),
        ("minutes = 5", "minutes = 2", "after the scenario's end"),
        ('do = "ease"', 'do = "sing"', "step"),
        ("level = 1", "level = 5", "level"),
        ("level = 1", "level = 1\nwho = 'x'", "who"),
        ('key = "first-call"', 'key = "../x"', "key"),
        ("minutes = 5", "minutes = ", "cannot be read"),
    ],
)
def test_a_wrong_scenario_says_where(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (Path(course.__file__).parent / "scenarios" / "first-call.toml").read_text()
    assert old in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(SetupError, match=says):
        read(path)
