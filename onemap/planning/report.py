"""The impact of a plan as one page of HTML: no script, nothing fetched, in black and white as clear as in colour.

Chinese and English stand beside each other; `lang` says which comes first. It prints on A4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from html import escape
from importlib.resources import files
from typing import Any, Literal

from onemap.core.clock import zone_of
from onemap.planning import impact, log, review
from onemap.planning.comparing import compared_plan
from onemap.planning.difference_map import drawn
from onemap.planning.ground_rules import SPECIALS
from onemap.planning.workspace import workspaces
from onemap.store.db import Connection

#: Rows of a table that are printed; the rest is a number.
ROWS = 200
_COUNTS: tuple[tuple[str, str, str], ...] = (
    ("grids", "个网格", "grids"), ("buildings", "栋建筑", "buildings"), ("households", "户", "households"),
    ("residents", "人", "residents"), ("cases", "件未办结事件", "open cases"), ("hazards", "处隐患点", "hazard points"),
    ("parts", "个部件", "parts"),
)  # fmt: skip
_STATES = {
    "draft": ("草稿", "Draft"), "submitted": ("待审批", "In review"), "approved": ("已批准", "Approved"),
    "rejected": ("已退回", "Rejected"), "published": ("已发布", "Published"), "rolled_back": ("已回退", "Rolled back"),
    "discarded": ("已废弃", "Discarded"),
}  # fmt: skip
_STEPS = {
    "submit": ("提交审批", "Handed in"), "withdraw": ("撤回", "Taken back"), "approve": ("批准", "Approved"),
    "reject": ("退回", "Rejected"), "schedule": ("排定发布", "Scheduled"), "publish": ("发布", "Published"),
    "cancel": ("取消发布", "Cancelled"), "rollback": ("回退", "Rolled back"),
}  # fmt: skip
_KINDS = {
    "same": ("不变", "same"),
    "changed": ("调整", "changed"),
    "new": ("新设", "new"),
    "retired": ("撤销", "retired"),
}
_WHAT = {
    "code": ("编码", "Code"), "name": ("名称", "Name"), "kind": ("类别", "Kind"),
    "special": ("专属类别", "Special use"), "team": ("责任队伍", "Duty team"),
}  # fmt: skip
_VALUES = SPECIALS | {"unit": ("单元网格", "unit grid"), "special": ("专属网格", "special grid")}


def of_plan(
    conn: Connection, key: str, now: datetime, *, lang: str = "zh", zone: str = "Asia/Shanghai",
    area: bytes | None = None,
) -> str:  # fmt: skip
    """The page of a plan as it stands. Raises NotFound."""
    plan = log.row(conn, key, area=area)
    workspace = workspaces.refreshed(conn, plan)
    found = compared_plan(conn, plan)
    facts = impact.told(conn, found, workspace, plan["version"])
    titles = {one.key: (one.title.zh, one.title.en) for one in workspace.model.measures}
    label = partial(impact.label_of, workspace)
    page = Page("en" if lang == "en" else "zh", zone, label)
    return page.whole(plan, facts, drawn(found, label), titles, review.decisions(conn, key), now)


class Page:
    """Writes the page in one order of the languages."""

    def __init__(self, lang: Literal["zh", "en"], zone: str, label: Callable[[str], str]) -> None:
        self.lang = lang
        self.label = label
        self.zone = zone_of(zone)

    def whole(
        self, plan: Mapping[str, Any], facts: Mapping[str, Any], picture: str, titles: Mapping[str, tuple[str, str]],
        decisions: Sequence[Mapping[str, Any]], now: datetime,
    ) -> str:  # fmt: skip
        """The document."""
        style = files("onemap.planning").joinpath("report.css").read_text(encoding="utf-8")
        parts = [
            self._head(plan, now),
            self._section("改动一览", "What changes hands", self._handed(facts["handed"])),
            self._mended(facts["mended"]),
            self._section("差异图", "Map of the difference", picture + self._legend()),
            self._section("队伍增减", "What teams gain and hand over", self._teams(facts["teams"])),
            self._section("网格间划转", "From grid to grid", self._exchanges(facts["exchanges"])),
            self._section("改名、改码、换队", "Named, coded or staffed otherwise", self._described(facts["described"])),
            self._section("指标对照", "Figures before and after", self._indicators(facts["indicators"], titles)),
            self._section("审批记录", "Review", self._decisions(decisions)),
        ]
        title = escape(f"{plan['name']} · {self._first('网格调整影响报告', 'Impact of redrawn grids')}")
        return (
            f'<!doctype html>\n<html lang="{"zh-CN" if self.lang == "zh" else "en"}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
            f"<style>{style}</style></head><body>{''.join(parts)}</body></html>\n"
        )

    def _first(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    def _both(self, zh: str, en: str) -> str:
        one, other = (zh, en) if self.lang == "zh" else (en, zh)
        return f'{escape(one)} <span class="other">{escape(other)}</span>'

    def _section(self, zh: str, en: str, body: str) -> str:
        return f"<section><h2>{self._both(zh, en)}</h2>{body}</section>"

    def _time(self, at: datetime | None) -> str:
        return "—" if at is None else at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")

    def _head(self, plan: Mapping[str, Any], now: datetime) -> str:
        lines = (
            ("基于版本", "Base edition", plan["base"]),
            ("范围", "Scope", plan["scope_name"] or self._first("全市", "Whole city")),
            ("方案版本", "Version of the plan", str(plan["version"])),
            ("状态", "State", self._first(*_STATES[plan["state"]])),
            ("编制", "Drawn by", plan["created_by"]),
            ("生效时间", "Takes effect", self._time(plan["effective_at"])),
            ("制表时间", "Printed", self._time(now)),
        )
        facts = "".join(f"<div><dt>{self._both(zh, en)}</dt><dd>{escape(value)}</dd></div>" for zh, en, value in lines)
        note = f"<p>{escape(plan['note'])}</p>" if plan["note"] else ""
        kind = self._both("网格调整影响报告", "Impact of redrawn grids")
        return f'<header><p class="kind">{kind}</p><h1>{escape(plan["name"])}</h1><dl>{facts}</dl>{note}</header>'

    def _handed(self, handed: Sequence[Mapping[str, Any]]) -> str:
        rows = [
            [self._both(one["title"]["zh"], one["title"]["en"]), _n(one["count"]), _n(one["households"]),
             _n(one["residents"])]
            for one in handed
        ]  # fmt: skip
        return self._table([("类别", "Kind"), ("数量", "Count"), ("户数", "Households"), ("人数", "Residents")], rows)

    def _mended(self, mended: Mapping[str, Any] | None) -> str:
        """What mending the base moves is not the plan's doing: it is said apart."""
        if mended is None:
            return ""
        m2, grids, houses = (_n(n) for n in (mended["area_m2"], mended["grids"], mended["counts"]["building"]))
        said = self._both(
            f"原版本有缝隙或重叠，方案从修补后的边界开始。仅修补一项即调整 {m2} m²，涉及 {grids} 个网格、"
            f"{houses} 栋建筑、{_n(mended['households'])} 户；不计入本报告其他各项。",
            f"The base edition had gaps or overlaps; the plan starts from mended borders. Mending alone moves {m2} m² "
            f"among {grids} grids, with {houses} buildings and {_n(mended['households'])} households; nothing else "
            "here counts them.",
        )
        return self._section("边界修补", "Mended borders", f"<p>{said}</p>")

    def _teams(self, teams: Sequence[Mapping[str, Any]]) -> str:
        rows = [[escape(one["team_name"]), self._counts(one["gains"]), self._counts(one["loses"])] for one in teams]
        return self._table([("队伍", "Team"), ("划入", "Gains"), ("划出", "Hands over")], rows, words=3)

    def _counts(self, counts: Mapping[str, int]) -> str:
        said = [
            f"{_n(n)} {zh}" if self.lang == "zh" else f"{_n(n)} {en.removesuffix('s') if n == 1 else en}"
            for name, zh, en in _COUNTS
            if (n := counts.get(name))
        ]
        return escape("、".join(said) if self.lang == "zh" else ", ".join(said)) or "—"

    def _exchanges(self, exchanges: Sequence[Mapping[str, Any]]) -> str:
        names = ("building", "incident", "part", "camera", "hazard", "sensor")
        rows = [
            [self._grid(one["grid"]), self._grid(one["to"]), _n(one["households"]),
             *(_n(one["counts"].get(name, 0)) for name in names), _n(one["counts"].get("area_m2", 0))]
            for one in exchanges
        ]  # fmt: skip
        heads = [("原网格", "From"), ("现网格", "To"), ("户数", "Households")]
        heads += [impact.TITLES[name] for name in names]
        return self._table([*heads, ("面积 m²", "Area m²")], rows, words=2)

    def _described(self, rows: Sequence[Mapping[str, Any]]) -> str:
        table = [
            [self._grid(one["grid"]), self._both(*_WHAT[change["what"]]), escape(self._value(change, "before")),
             f"<b>{escape(self._value(change, 'after'))}</b>"]
            for one in rows for change in one["changes"]
        ]  # fmt: skip
        return self._table([("网格", "Grid"), ("项目", "What"), ("原", "Before"), ("现", "After")], table, words=4)

    def _value(self, change: Mapping[str, Any], side: str) -> str:
        value = change[side]
        if value is None:
            return "—"
        titles = _VALUES.get(value) if change["what"] in ("kind", "special") else None
        return str(value) if titles is None else self._first(*titles)

    def _indicators(self, rows: Sequence[Mapping[str, Any]], titles: Mapping[str, tuple[str, str]]) -> str:
        changed = [one for one in rows if one["state"] != "same"]
        heads = [("网格", "Grid"), ("变化", "Change"), ("负荷", "Load"), *titles.values()]
        table = []
        for one in changed:
            before, after = one["before"] or {}, one["after"] or {}
            figures = [self._pair(before.get(name), after.get(name)) for name in titles]
            load = self._pair(one["load_before"], one["load_after"], digits=2)
            table.append([self._grid(one["grid"]), self._both(*_KINDS[one["state"]]), load, *figures])
        return self._table(heads, table, words=2)

    def _grid(self, code: str | None) -> str:
        if code is None:
            return "—"
        number = "" if code.startswith("~") else f' <span class="other">{escape(code)}</span>'
        return f"<b>{escape(self.label(code))}</b>{number}"

    def _pair(self, before: float | None, after: float | None, digits: int = 0) -> str:
        return f"{_n(before, digits)} → <b>{_n(after, digits)}</b>"

    def _decisions(self, decisions: Sequence[Mapping[str, Any]]) -> str:
        rows = [
            [self._time(one["at"]), self._both(*_STEPS.get(one["what"], (one["what"], one["what"]))),
             escape(one["by"]), self._said(one)]
            for one in decisions
        ]  # fmt: skip
        return self._table([("时间", "Time"), ("步骤", "Step"), ("岗位", "Post"), ("意见", "Note")], rows, words=4)

    def _said(self, one: Mapping[str, Any]) -> str:
        date = f"{self._both('生效', 'in force')} {self._time(one['effective_at'])}" if one["effective_at"] else ""
        return " · ".join(part for part in (escape(one["note"]), date) if part) or "—"

    def _legend(self) -> str:
        said = self._both(
            "斜线：划转的地块；细线：新边界；虚线：原边界",
            "Hatched: ground that changes hands; thin: new borders; dashed: old borders",
        )
        return f'<p class="legend">{said}</p>'

    def _table(self, heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], words: int = 1) -> str:
        if not rows:
            return f'<p class="none">{self._both("无", "none")}</p>'
        head = "".join(
            f'<th class="{"w" if i < words else "n"}">{self._both(zh, en)}</th>' for i, (zh, en) in enumerate(heads)
        )
        body = "".join(f"<tr>{self._cells(row, words)}</tr>" for row in rows[:ROWS])
        more = len(rows) - ROWS
        rest = f'<p class="none">{self._both(f"另有 {more} 行", f"and {more} more")}</p>' if more > 0 else ""
        return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{rest}'

    def _cells(self, row: Sequence[str], words: int) -> str:
        return "".join(f'<td class="{"w" if i < words else "n"}">{cell}</td>' for i, cell in enumerate(row))


def _n(value: float | None, digits: int = 0) -> str:
    return "—" if value is None else f"{value:,.{digits}f}"
