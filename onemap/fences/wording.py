"""Why an event at a fence happened, in one clause with its numbers, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Why, where an event's kind alone does not say it.
_BECAUSE = {
    "drawn": ("围栏设立或变更时已在内", "it was inside when the fence was made or changed"),
    "changed": ("围栏变更后不再在内", "the fence was changed and no longer holds it"),
    "clock": ("期间没有新的定位", "no newer fix says otherwise"),
    "jump": ("连续三次一致的定位确认了新位置", "three consistent fixes made a new place believed"),
    "altitude": ("高度不在限高范围内", "its altitude lies outside the band"),
    "moved": ("围栏随其中心移动", "the fence moved with its centre"),
}


def reason(event: Mapping[str, Any]) -> dict[str, str]:
    """The reason of an event's row: `zh` and `en`."""
    zh, en = _CLAUSES[event["kind"]](event)
    because = _BECAUSE.get(event.get("because") or "")
    if because is not None:
        zh, en = f"{zh}；{because[0]}", f"{en}; {because[1]}"
    return {"zh": zh, "en": en}


def _measured(event: Mapping[str, Any], sign: str) -> tuple[str, str]:
    """Probability with its limit, distance and accuracy."""
    p, limit, metres, accuracy = (event.get(name) for name in ("probability", "value", "distance_m", "accuracy_m"))
    zh, en = [], []
    if p is not None:
        bound = "" if limit is None else f"（{sign} {limit:.2f}）"
        zh.append(f"在内概率 {p:.2f}{bound}")
        en.append(f"probability of being inside {p:.2f}" + ("" if limit is None else f" ({sign} {limit:.2f})"))
    if metres is not None:
        zh.append(f"在边界{'内' if metres <= 0 else '外'} {abs(metres):.0f} m")
        en.append(f"{abs(metres):.0f} m {'inside' if metres <= 0 else 'outside'} the border")
    if accuracy is not None:
        zh.append(f"定位误差 {accuracy:.0f} m")
        en.append(f"accuracy {accuracy:.0f} m")
    return "，".join(zh), ", ".join(en)


def _with(zh: str, en: str, sign: str) -> Any:
    def clause(event: Mapping[str, Any]) -> tuple[str, str]:
        measured = _measured(event, sign)
        return (f"{zh}：{measured[0]}" if measured[0] else zh), (f"{en}: {measured[1]}" if measured[1] else en)

    return clause


def _approach(event: Mapping[str, Any]) -> tuple[str, str]:
    metres, limit = event.get("distance_m") or 0.0, event.get("value") or 0.0
    return f"接近：距边界 {metres:.0f} m（≤ {limit:.0f} m）", f"approaching: {metres:.0f} m away (≤ {limit:.0f} m)"


def _dwell(event: Mapping[str, Any]) -> tuple[str, str]:
    stay = duration(event.get("value") or 0.0)
    return f"停留：在内已满 {stay[0]}", f"dwelling: inside for {stay[1]}"


def _cross(event: Mapping[str, Any]) -> tuple[str, str]:
    metres, accuracy = event.get("value") or 0.0, event.get("accuracy_m") or 0.0
    return (
        f"穿越：两次定位之间的路线在内 {metres:.0f} m，超过定位误差之和 {accuracy:.0f} m",
        f"crossed: {metres:.0f} m of the way between two fixes lie inside, more than both errors ({accuracy:.0f} m)",
    )


def _absent(event: Mapping[str, Any]) -> tuple[str, str]:
    grace = duration(event.get("value") or 0.0)
    return f"应到未到：值守时段内不在已满 {grace[0]}", f"absent when due: away for {grace[1]}"


def duration(seconds: float) -> tuple[str, str]:
    """A length of time in both languages."""
    if seconds < 120:
        return f"{seconds:.0f} 秒", f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} 分钟", f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} 小时", f"{seconds / 3600:.1f} h"


_CLAUSES: dict[str, Any] = {
    "approach": _approach,
    "enter": _with("进入", "entered", "≥"),
    "exit": _with("离开", "left", "≤"),
    "appeared_inside": _with("出现在内", "appeared inside", "≥"),
    "dwell": _dwell,
    "cross": _cross,
    "absent_when_due": _absent,
    "fence_created": lambda _: ("围栏生效", "the fence came into force"),
    "fence_expired": lambda _: ("围栏到期", "the fence expired"),
}

#: The kinds of events that have a reason.
KINDS = frozenset(_CLAUSES)
