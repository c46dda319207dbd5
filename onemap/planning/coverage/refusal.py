"""Why an operation cannot be done, in both languages and with a place; and the two ways a coverage can be wrong."""

from __future__ import annotations

from shapely.geometry.base import BaseGeometry

from onemap.core.errors import BadInput, Conflict

TEXTS: dict[str, tuple[str, str]] = {
    "no-face": ("没有网格 {what}", "There is no grid {what}"),
    "no-corner": ("这里没有界线拐点", "There is no corner of a border here"),
    "node": ("几条界线在此相交，拐点不能删去", "Borders meet here; this corner stays"),
    "no-arc": ("这里没有界线", "There is no border here"),
    "apart": (
        "所选地块有一处与网格 {what} 不相连，请从它的边界起，连同中间的地块一起选",
        "Some of the ground does not adjoin grid {what}: take it from that grid's border on, with all in between",
    ),
    "cut-off": (
        "网格 {what} 会有一块与其余部分断开，请把那一块也选上，或留出相连的地块",
        "A part of grid {what} would be cut off from its rest: take that part too, or leave a way between",
    ),
    "not-neighbours": ("这些网格并不相连", "These grids do not adjoin"),
    "no-cut": ("画的线没有把网格分开", "The line does not part the grid"),
    "no-line": (
        "画的线两端没有落在同一对网格的界线上",
        "The line does not begin and end on borders that it could replace",
    ),
    "crossing": ("界线会自相交叉", "Borders would cross"),
    "torn": ("网格 {what} 会断成几块", "Grid {what} would fall into pieces"),
    "border": ("社区界和外边界不能移动", "The border of a community or of the whole cannot be moved"),
    "locked": ("网格 {what} 已锁定", "Grid {what} is locked"),
    "empty": ("网格 {what} 会消失", "Grid {what} would vanish"),
    "too-small": ("网格 {what} 会小于 {least} 平方米", "Grid {what} would be smaller than {least} m²"),
    "gap": ("新网格没有铺满原有范围", "The new grids do not fill the ground of the old"),
    "overlap": ("网格相互重叠", "Grids overlap"),
    "invalid": ("网格 {what} 的形状无效", "The shape of grid {what} is not valid"),
    "double": ("网格编号重复：{what}", "Two grids are called {what}"),
    "nothing": ("没有任何变化", "Nothing would change"),
    "bytes": ("改动记录已损坏", "The record of the change is damaged"),
    "stale": ("{what} 已被后来的修改改变", "{what} has been changed since"),
}


def _said(reason: str, what: object, least: object = "") -> tuple[str, str]:
    zh, en = TEXTS[reason]
    return zh.format(what=what, least=least), en.format(what=what, least=least)


class Refused(BadInput):
    """An operation that cannot be done: `reason`, `zh`, `en`, and `where` if it has a place (degrees, WGS-84)."""

    code = "refused"

    def __init__(
        self, reason: str, what: object = "", *, where: BaseGeometry | None = None, least: object = ""
    ) -> None:
        self.zh, self.en = _said(reason, what, least)
        self.where = where
        self.what = str(what)
        super().__init__(f"{self.zh} · {self.en}", reason=reason)


class NotACoverage(BadInput):
    """Polygons that overlap, are not valid, or whose corners do not match; `where` shows it."""

    code = "not-a-coverage"

    def __init__(self, reason: str, what: object = "", *, where: BaseGeometry | None = None) -> None:
        self.zh, self.en = _said(reason, what)
        self.where = where
        super().__init__(f"{self.zh} · {self.en}", reason=reason)


class Stale(Conflict):
    """A delta does not fit: what it takes out is not there as it was. `what` names it."""

    code = "stale"

    def __init__(self, what: str) -> None:
        self.zh, self.en = _said("stale", what)
        self.what = what
        super().__init__(f"{self.zh} · {self.en}", reason="stale")
