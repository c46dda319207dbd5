"""The words of warnings and alerts: short, in the field's own terms, with what to do at each level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Level:
    """One of the four levels as it is written and spoken."""

    roman: str
    zh: str
    en: str
    word: str
    todo_zh: str


LEVELS: dict[int, Level] = {
    1: Level("I", "红色", "Red", "警报", "立即组织威胁区人员撤离，封控周边道路，到场后上报。"),
    2: Level("II", "橙色", "Orange", "预警", "到场警戒，组织威胁区人员做好撤离，上报现场情况。"),
    3: Level("III", "黄色", "Yellow", "注意", "到场巡查，通知威胁区做好撤离准备，上报现场情况。"),
    4: Level("IV", "蓝色", "Blue", "提醒", "加密巡查监测，上报现场情况。"),
}
SIGNS = {">=": "≥", ">": ">", "<=": "≤", "<": "<"}


def number(value: float) -> str:
    """A reading for people: up to four digits that matter, no exponent for everyday sizes."""
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"


def title(level: int, name: str) -> str:
    """The warning's title, such as 黄色 III 级 · 云溪沟3号滑坡."""
    found = LEVELS[level]
    return f"{found.zh} {found.roman} 级 · {name}"


def level_zh(level: int) -> str:
    """The level in a Chinese sentence."""
    return f"{LEVELS[level].zh} {LEVELS[level].roman} 级"


def level_en(level: int) -> str:
    """The level in an English sentence."""
    return f"level {LEVELS[level].roman} ({LEVELS[level].en.lower()})"


def cause_zh(cause: Mapping[str, Any]) -> str:
    """Which reading passed which rule, in one Chinese clause."""
    unit = f" {cause['unit']}" if cause["unit"] else ""
    held = f"，持续 {number(cause['hold_s'])} 秒" if cause["hold_s"] else ""
    rule = f"{SIGNS[cause['op']]} {number(cause['enter'])}{unit}"
    return f"{cause['sensor_name']} {cause['name']} {number(cause['value'])}{unit}（{rule}{held}）"


def cause_en(cause: Mapping[str, Any]) -> str:
    """As `cause_zh`, in English."""
    unit = f" {cause['unit']}" if cause["unit"] else ""
    held = f" for {number(cause['hold_s'])} s" if cause["hold_s"] else ""
    rule = f"{SIGNS[cause['op']]} {number(cause['enter'])}{unit}"
    return f"{cause['sensor_name']} {cause['property']} {number(cause['value'])}{unit} ({rule}{held})"


def why_zh(cause: Mapping[str, Any]) -> str:
    """Why a warning stands, in one Chinese clause: the claim's own words, or those of a threshold."""
    return str(cause.get("text_zh") or (cause_zh(cause) if "op" in cause else "原因未注明"))


def why_en(cause: Mapping[str, Any]) -> str:
    """As `why_zh`, in English."""
    return str(cause.get("text_en") or (cause_en(cause) if "op" in cause else "no cause given"))


#: Why a warning ended, where nobody says it better.
ENDS: dict[str, tuple[str, str]] = {
    "fell_back": ("触发条件不再满足，预警解除", "The conditions are over: warning ended"),
    "ended": ("预警解除", "Warning ended"),
    "cancelled": ("预警撤销", "Warning cancelled"),
    "expired": ("有效期已过，预警自动解除", "Its validity is over: warning expired"),
}
DRILL_MARK = "【演练】"


def marked(text: str, *, drill: bool) -> str:
    """The text with the mark of a drill before it, where it is one."""
    return f"{DRILL_MARK}{text}" if drill and not text.startswith(DRILL_MARK) else text


def alert_text(
    level: int,
    name: str,
    cause: Mapping[str, Any],
    *,
    households: int | None,
    residents: int | None,
    actions: str | None = None,
    drill: bool = False,
) -> str:
    """What a team reads on its phone: what, where, level, who is threatened (counts), what to do."""
    found = LEVELS[level]
    counts = [f"{n} {unit}" for n, unit in ((households, "户"), (residents, "人")) if n]
    threatened = f"威胁 {'、'.join(counts)}。" if counts else ""
    why = why_zh(cause)
    return marked(f"{name}{level_zh(level)}{found.word}：{why}。{threatened}{actions or found.todo_zh}", drill=drill)
