"""The 藕塘 landslide through the rule beside this file: what it would have said, and a picture of it for the docs.

`python -m bench.ootang [FOLDER]` reads the monitoring series (1,461 days; they stay where they are) and writes
docs/images/ootang.svg. The same engine runs rules live.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from onemap.warnings.rules.around import Around
from onemap.warnings.rules.declared import read
from onemap.warnings.rules.dryrun import try_subjects
from onemap.warnings.rules.engine import Step, compiled
from onemap.warnings.rules.ground import Subject
from onemap.warnings.rules.steps import SECOND, Steps, Stream, instant, micros
from onemap.warnings.rules.supply import Supply, Wire

HERE = Path(__file__).parent
SERIES = HERE.parent.parent / "shared" / "data" / "hazards" / "ootang"
PICTURE = HERE.parent / "docs" / "images" / "ootang.svg"
RULE = HERE / "ootang.toml"
#: Column of the file → property of the rule.
PROPERTIES = {"Rainfall/mm": "rain_mm", "RWL/m": "reservoir_m"}
STATIONS = ("MJ9", "MJ1", "MJ3", "ATU4", "ATU5", "ATU3", "ATU2", "ATU1")
#: Days are dated by the date alone; a day's readings are known at its end, 16:00 UTC being midnight there.
DAY_ENDS = timedelta(hours=16)
SUBJECT = Subject("hazard:ootang", "藕塘滑坡", 109.6, 31.0)


Values = npt.NDArray[Any]


@dataclass(frozen=True)
class Series:
    """The columns of the file by name, and the instants at which their days end."""

    times: Values
    columns: Mapping[str, Values]

    def streams(self) -> Iterator[tuple[str, str, Stream]]:
        """Each series as name, property and stream."""
        for name, values in self.columns.items():
            prop = PROPERTIES.get(name) or ("displacement_mm" if name.partition("/")[0] in STATIONS else None)
            if prop is not None:
                yield name.partition("/")[0], prop, Stream(self.times, values)


def load(folder: Path) -> Series:
    """The monitoring series of the folder."""
    with (folder / "monitoring_data.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    days = [datetime.fromisoformat(row[0]).replace(tzinfo=UTC) + DAY_ENDS for row in rows[1:]]
    table = np.array([[float(cell) for cell in row[1:]] for row in rows[1:]])
    columns = {name: table[:, k] for k, name in enumerate(rows[0][1:])}
    return Series(np.array([micros(day) for day in days], np.int64), columns)


def replay(series: Series) -> tuple[list[Step], dict[str, Steps]]:
    """What the rule says of the whole series: the steps of its level, and its inputs as curves."""
    rule = read(RULE).rule
    supply = Supply(rule, [SUBJECT], Around("Asia/Shanghai"), {SUBJECT.key: {}})
    named = list(series.streams())
    readings = {k: stream for k, (_, _, stream) in enumerate(named)}
    for one in rule.inputs:
        ids = tuple(k for k, (_, prop, _) in enumerate(named) if prop == one.property)
        wire = Wire(ids, None, one.aggregate, round(one.window_s() * SECOND), one.combine)
        supply.wires[SUBJECT.key][one.name] = wire
    lo, hi = int(series.times[0]), int(series.times[-1])
    tried = try_subjects(compiled(rule), supply, readings, lo, hi, zone="Asia/Shanghai")
    return tried.steps[SUBJECT.key], supply.steps(SUBJECT.key, readings, lo, hi)


def told(steps: list[Step], curves: Mapping[str, Steps]) -> list[str]:
    """The warnings in words, each with the days from its levels to its fastest movement."""
    out, k = [], 0
    while k < len(steps):
        end = next((j for j in range(k, len(steps)) if steps[j].level is None), len(steps))
        first, last = steps[k].at, steps[end].at if end < len(steps) else int(curves["rate"].times[-1])
        rate = curves["rate"]
        inside = (rate.times >= first) & (rate.times <= last)
        peak = int(np.nanargmax(np.where(inside, rate.values, np.nan)))
        begun: dict[int, int] = {}
        for step in steps[k:end]:
            assert step.level is not None
            begun.setdefault(step.level, step.at)
        levels = ", ".join(
            f"{ROMAN[level - 1]} {instant(at):%Y-%m-%d} ({(rate.times[peak] - at) / 86_400e6:+.0f} d)"
            for level, at in begun.items()
        )
        out.append(f"{instant(first):%Y-%m-%d} to {instant(last):%Y-%m-%d}: {levels}; "
                   f"fastest {rate.values[peak]:.1f} mm/d on {instant(rate.times[peak]):%Y-%m-%d}")  # fmt: skip
        k = end + 1
    return out


# The picture: three panels over one axis of time, drawn by hand so that it stays small and readable as text.
WIDTH, HEIGHT, LEFT, RIGHT = 1120, 640, 64, 56
#: Top and bottom of each panel, and the values there.
PANELS = {
    "moved": (40, 250, -20.0, 720.0), "rate": (280, 400, 0.0, 12.0), "rain": (430, 560, 0.0, 300.0),
    "reservoir": (430, 560, 140.0, 180.0),
}  # fmt: skip
TITLES = {
    "moved": "位移 Displacement since 2016-07 (mm), 8 stations",
    "rate": "最快测点 7 天速率 Fastest station over 7 d (mm/d)",
    "rain": "日雨量 Rain (mm/d, bars) · 库水位 Reservoir level (m, line, right)",
}
MARKS = {"moved": (0, 200, 400, 600), "rate": (0, 2, 4, 6, 8, 10), "rain": (0, 100, 200, 300)}
LIMITS = ((4, 1.0), (3, 2.0), (2, 4.0), (1, 6.0))
COLOURS = {1: "#d7263d", 2: "#f46a1f", 3: "#e8b517", 4: "#3178c6"}
LINES = ("#33658a", "#86bbd8", "#2f4858", "#758e4f", "#f26419", "#7d4f8a", "#b0785a", "#c2185b")
DARK, GREY = "#222222", "#555555"
ROMAN = ("I", "II", "III", "IV")


@dataclass(frozen=True)
class Canvas:
    """Where things stand in the picture, and what is drawn so far."""

    lo: int
    hi: int
    parts: list[str]

    def x(self, at: float) -> float:
        """Pixels of an instant."""
        return LEFT + (at - self.lo) / (self.hi - self.lo) * (WIDTH - LEFT - RIGHT)

    def y(self, panel: str, value: float) -> float:
        """Pixels of a value of a panel."""
        top, bottom, low, high = PANELS[panel]
        return bottom - (value - low) / (high - low) * (bottom - top)

    def curve(self, panel: str, times: Values, values: Values, colour: str) -> None:
        """Draw a curve."""
        spots = " ".join(
            f"{self.x(at):.1f},{self.y(panel, value):.1f}"
            for at, value in zip(times.tolist(), values.tolist(), strict=True)
        )
        self.parts.append(f'<polyline points="{spots}" fill="none" stroke="{colour}" stroke-width="1.4"/>')

    def stroke(self, x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> None:
        """Draw a straight line."""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {more}/>')

    def bar(self, x: float, y: float, width: float, height: float, colour: str, opacity: float) -> None:
        """Fill a rectangle."""
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}" '
                          f'opacity="{opacity}"/>')  # fmt: skip

    def text(self, x: float, y: float, said: str, colour: str = GREY, anchor: str = "start", size: int = 12) -> None:
        """Write."""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-size="{size}">'
                          f"{said}</text>")  # fmt: skip


def picture(series: Series, steps: list[Step], curves: Mapping[str, Steps]) -> str:
    """The warnings beside displacement, rate, rain and reservoir, as SVG."""
    canvas = Canvas(int(series.times[0]), int(series.times[-1]), [])
    canvas.bar(0, 0, WIDTH, HEIGHT, "#ffffff", 1.0)
    for k, step in enumerate(steps):  # warnings stand behind everything, over the whole height
        if step.level is not None:
            left = canvas.x(step.at)
            right = canvas.x(steps[k + 1].at if k + 1 < len(steps) else canvas.hi)
            canvas.bar(left, 40, max(1.0, right - left), 520, COLOURS[step.level], 0.28)
    _frames(canvas)
    days = slice(None, None, 3)
    _stations(canvas, series, days)
    rate = curves["rate"]
    known = ~np.isnan(rate.values)
    canvas.curve("rate", rate.times[known], rate.values[known], DARK)
    for at, fallen in zip(series.times.tolist(), series.columns["Rainfall/mm"].tolist(), strict=True):
        if fallen > 2:
            canvas.stroke(canvas.x(at), 560, canvas.x(at), canvas.y("rain", min(fallen, 300)), "#3178c6")
    canvas.curve("reservoir", series.times[days], series.columns["RWL/m"][days], "#2f4858")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
    return "\n".join([head, *canvas.parts, "</svg>"]) + "\n"


def _frames(canvas: Canvas) -> None:
    for panel, title in TITLES.items():
        top, bottom, _, _ = PANELS[panel]
        canvas.text(LEFT, top - 6, title, DARK)
        for edge in (top, bottom):
            canvas.stroke(LEFT, edge, WIDTH - RIGHT, edge, "#bbbbbb")
        for mark in MARKS[panel]:
            canvas.text(LEFT - 6, canvas.y(panel, mark) + 4, str(mark), anchor="end")
    for mark in (145, 160, 175):
        canvas.text(WIDTH - RIGHT + 4, canvas.y("reservoir", mark) + 4, str(mark), "#2f4858")
    for level, limit in LIMITS:
        y = canvas.y("rate", limit)
        canvas.stroke(LEFT, y, WIDTH - RIGHT, y, COLOURS[level], 'stroke-dasharray="4 3"')
    for year in range(2016, 2021):
        for month in (1, 7):
            at = micros(datetime(year, month, 1, tzinfo=UTC))
            if canvas.lo <= at <= canvas.hi:
                canvas.text(canvas.x(at), 578, f"{year}-{month:02d}", anchor="middle")
    for k, level in enumerate((4, 3, 2, 1)):
        canvas.bar(LEFT + 200 * k, 600, 26, 14, COLOURS[level], 0.45)
        canvas.text(LEFT + 200 * k + 32, 612, f"{'红橙黄蓝'[level - 1]}色 {ROMAN[level - 1]} 级预警 / warning", DARK)


def _stations(canvas: Canvas, series: Series, days: slice) -> None:
    ends: list[tuple[float, str, str]] = []
    for station, colour in zip(STATIONS, LINES, strict=True):
        moved = series.columns[f"{station}/mm"] - series.columns[f"{station}/mm"][0]
        canvas.curve("moved", series.times[days], moved[days], colour)
        ends.append((canvas.y("moved", float(moved[-1])), station, colour))
    below = 0.0
    for y, station, colour in sorted(ends):  # names of curves that end close together are moved apart
        below = max(y + 4, below + 10)
        canvas.text(WIDTH - RIGHT + 4, below, station, colour, size=10)


def main() -> None:
    """Replay, tell, draw."""
    series = load(Path(sys.argv[1]) if len(sys.argv) > 1 else SERIES)
    steps, curves = replay(series)
    for one in told(steps, curves):
        print(one)
    PICTURE.write_text(picture(series, steps, curves), encoding="utf-8")
    print(f"wrote {PICTURE} ({PICTURE.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    main()
