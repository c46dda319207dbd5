"""What is wrong with a declared rule, each with its place in it: everything that would keep it from working."""

from __future__ import annotations

from dataclasses import dataclass

from onemap.core.errors import BadInput
from onemap.warnings.rules.conditions import SUBJECT, Fault, compile_condition, names_in
from onemap.warnings.rules.spec import Input, Rule

#: Aggregates that look at readings of a window; `last` and `age_s` look at the newest.
WINDOWED = frozenset({"min", "max", "mean", "sum", "count", "delta", "rate_per_h", "rate_per_d"})
COUNTED = frozenset({"incidents", "fence_events", "movers"})
_SPATIAL_SCOPES = frozenset({"hazard", "grid", "area", "sensor", "fence", "cell"})


@dataclass(frozen=True)
class Problem:
    """Why a rule cannot be switched on; `where` such as levels[0].when, `column` from 1."""

    where: str
    message: str
    column: int | None = None


def problems_of(
    rule: Rule, *, feeds: frozenset[str] | None = None, surfaces: frozenset[str] | None = None
) -> list[Problem]:
    """Everything that is wrong with a rule; `feeds` and `surfaces` are those that there are (None: not known)."""
    found: list[Problem] = []
    names = [one.name for one in rule.inputs]
    for i, one in enumerate(rule.inputs):
        place = f"inputs[{i}]"
        if names.index(one.name) != i:
            found.append(Problem(f"{place}.name", f"{one.name} 重名 · {one.name} is named twice."))
        if one.name == SUBJECT:
            found.append(
                Problem(
                    f"{place}.name",
                    "subject 指对象本身，请改名 · subject is the object itself: name the input otherwise.",
                )
            )
        found += [Problem(f"{place}.{part}", said) for part, said in _input(one, rule, feeds, surfaces)]
    inputs = frozenset(names) - {SUBJECT}
    seen: set[int] = set()
    for i, level in enumerate(rule.levels):
        if level.level in seen:
            found.append(
                Problem(f"levels[{i}].level", f"等级 {level.level} 重复 · level {level.level} is declared twice.")
            )
        seen.add(level.level)
        for part, text in (("when", level.when), ("until", level.until)):
            if text and isinstance(fault := compile_condition(text, inputs), Fault):
                found.append(Problem(f"levels[{i}].{part}", fault.message, fault.column))
        if not names_in(level.when) & inputs and not isinstance(compile_condition(level.when, inputs), Fault):
            found.append(
                Problem(
                    f"levels[{i}].when",
                    "条件没有用到任何输入，永远不会变化 · the condition names no input, so nothing can ever change it.",
                    1,
                )
            )
    if isinstance(fault := compile_condition(rule.where, frozenset(), numbers=False), Fault):
        found.append(Problem("where", fault.message, fault.column))
    if rule.calendar is not None:
        try:
            rule.calendar.span()
        except BadInput as error:
            found.append(Problem("calendar.hours", error.message))
    return found


def _input(
    one: Input, rule: Rule, feeds: frozenset[str] | None, surfaces: frozenset[str] | None
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    try:
        windowed = one.window_s() > 0
    except BadInput as error:
        return [("window", error.message)]
    if one.kind == "reading":
        if not one.property:
            found.append(
                (
                    "property",
                    "读数须写明观测属性，如 rain_intensity · a reading needs its property, such as rain_intensity.",
                )
            )
        if one.aggregate in WINDOWED and not windowed:
            found.append(("window", f"{one.aggregate} 须有时间窗，如 3h · {one.aggregate} needs a window, such as 3h."))
        if not one.own and one.within_m is None:
            found.append(
                ("own", "请写明取谁的读数：own = true，或 within_m · say whose readings: own = true, or within_m.")
            )
        if one.own and rule.scope not in ("hazard", "sensor"):
            found.append(
                (
                    "own",
                    f"传感器属于隐患点，不属于 {rule.scope}：请用 within_m · "
                    "sensors belong to hazard points: use within_m.",
                )
            )
    elif one.kind in COUNTED and not windowed:
        found.append(
            ("window", f"{one.kind} 按时间窗计数，如 30min · {one.kind} are counted in a window, such as 30min.")
        )
    elif one.kind == "heat" and (not one.surface or (surfaces is not None and one.surface not in surfaces)):
        there = f": {', '.join(sorted(surfaces))}" if surfaces else ""
        found.append(("surface", f"请写明热力面 · name a heat surface{there}."))
    elif one.kind == "feed" and one.aggregate not in ("last", "age_s"):
        found.append(
            (
                "aggregate",
                "数据源只有 age_s（秒）和 last（状态：0 正常、1 迟到、2 陈旧） · "
                "of a feed there are age_s and last (0 ok, 1 late, 2 stale).",
            )
        )
    elif one.kind == "feed" and one.feed is None and rule.scope != "feed":
        found.append(("feed", "请写明数据源，或把规则范围设为 feed · name the feed, or give the rule the scope feed."))
    if one.kind == "feed" and one.feed is not None and feeds is not None and one.feed not in feeds:
        found.append(("feed", f"没有这个数据源 · there is no such feed: {', '.join(sorted(feeds))}."))
    if rule.scope not in _SPATIAL_SCOPES and one.kind != "feed":
        found.append(
            (
                "kind",
                f"{rule.scope} 不在地图上，只能用 feed 输入 · "
                f"a {rule.scope} has no place on the map: only feed inputs.",
            )
        )
    if one.kind in ("incidents", "movers") and one.within_m is None and rule.scope in ("hazard", "sensor"):
        found.append(("within_m", "围绕一个点，请写明多近 · around a point, say how near."))
    if one.upslope and one.kind != "reading":
        found.append(("upslope", "只有读数能按上坡选取 · only readings are chosen by height."))
    return found
