"""The page of the back-test on a real city says what computing it again gives."""

from __future__ import annotations

import re

import pytest

from bench import backtest_real

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


def _numbers(line: str) -> list[float]:
    return [float(found) for found in _NUMBER.findall(line)]


def test_the_page_holds_what_december_gives() -> None:
    year = backtest_real.read()
    page = backtest_real.PAGE.read_text(encoding="utf-8")
    assert f"{len(year.hours):,} events on {year.cells:,} cells" in page
    whole = backtest_real.whole_model(year)
    rows = [line for line in page.splitlines() if line.startswith("| all types | 24h |")]
    again = list(backtest_real.lines("", backtest_real.tested(year, "", "24h", whole)))
    assert len(rows) == len(again) == 3
    for told, found in zip(rows, again, strict=True):
        # Other processors may sum in another order.
        assert _numbers(found) == pytest.approx(_numbers(told), rel=0.01, abs=0.004)
        assert told.split("|")[-2].strip() == found.split("|")[-2].strip()


def test_every_type_and_horizon_stands_on_the_page() -> None:
    page = backtest_real.PAGE.read_text(encoding="utf-8")
    for kind in ("all types", *backtest_real.TYPES):
        for horizon in backtest_real.NIGHTS:
            for model in ("forecast", "count", "kde"):
                assert f"| {kind} | {horizon} | {model} |" in page
