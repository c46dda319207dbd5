"""Foreign columns onto a layer's own: by name, by a small table of usual names, and for whole columns of times.

A file is looked at as a whole before its first row is mapped: whether a column identifies rows, and in which form
its times are written, cannot be told from one row.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import DateTime

from etl import coding
from etl.jsonable import jsonable
from onemap.core.catalogue import default_version
from onemap.core.errors import BadInput
from onemap.store.layer import LayerSpec
from onemap.store.schema import SYSTEM_COLUMNS

Values = Mapping[str, Any]

# Usual names, compared in lower case without blanks, by layer; the first that a file has is taken.
ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    "area": {"name": ("社区", "街道", "district", "区县", "name"), "code": ("gb", "adcode", "区划代码")},
    "grid": {
        "name": ("所属组织", "网格名称", "name10", "名称"),
        "special": ("专属类别", "专属类型"),
        "code": ("网格编码", "网格代码", "网格编号", "标识码"),
        "community_code": ("community_", "社区编码", "社区代码", "所属社区编码"),
    },
    "building": {
        "name": ("楼宇名称", "名称", "建筑名称"),
        "floors": ("floor", "levels", "building:levels", "层数", "楼层"),
        "height_m": ("height", "高度", "elevation"),
    },
    "camera": {"name": ("名称",), "heading_deg": ("direction", "camera:direction"), "code": ("国标编码",)},
    "hazard": {
        "name": ("nearest_places", "location_description", "place", "title", "隐患点名称"),
        "kind": ("landslide_type", "灾害类型", "type"),
    },
    "incident": {
        "title": ("事件类型", "type", "crimetype", "title", "类型"),
        "severity": ("事件等级",),
        "status": ("事件状态",),
        "occurred_at": ("发生时间", "上报时间", "date", "time", "month"),
        "reported_at": ("上报时间",),
        "address": ("hundred_block", "location", "地点", "事发位置"),
    },
    "road": {"name": ("rname", "路名", "名称"), "class": ("highway", "fclass")},
    "water": {"name": ("rname", "名称")},
    "landuse": {"name": ("名称",), "kind": ("landuse", "fclass")},
    "place": {"name": ("名称",), "kind": ("place", "fclass")},
    "contour": {"elevation_m": ("elev", "elevation", "height")},
}
#: Columns that may identify a row, where no two rows share a value.
IDS = (
    "key",
    "id",
    "网格编号",
    "社区编码",
    "街道编码",
    "编号",
    "编码",
    "geoid10",
    "gb",
    "adcode",
    "crimeid",
    "code",
    "uuid",
)
#: What a value of a foreign list means in ours; a value that is in neither list is left out, not refused.
_MEANINGS: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("grid", "special"): (
        ("学校", "school"), ("小区", "estate"), ("园区", "industrial"), ("医院", "hospital"), ("市场", "market"),
        ("其他", "other"),
    ),
    ("incident", "status"): (("关闭", "closed"), ("办结", "closed"), ("处理", "on_site"), ("派", "dispatched")),
    ("hazard", "kind"): (
        ("debris", "debris_flow"), ("mudslide", "debris_flow"), ("泥石流", "debris_flow"), ("rock", "collapse"),
        ("崩塌", "collapse"), ("slide", "landslide"), ("滑坡", "landslide"), ("subsidence", "land_subsidence"),
        ("沉降", "land_subsidence"), ("塌陷", "ground_collapse"), ("地裂缝", "ground_fissure"),
    ),
}  # fmt: skip
_FORMS = ("%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%Y-%m")
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
_PARTS = ("year", "month", "day", "hour", "minute")


def plain(name: str) -> str:
    """Return a column's name as names are compared."""
    return re.sub(r"\s+", "", name).lower()


@dataclass
class Plan:
    """How one file's columns become one layer's; built from all of its rows, then applied to each."""

    layer: LayerSpec
    stem: str
    sources: dict[str, str] = field(default_factory=dict)  # our column → theirs
    identity: str | None = None
    forms: dict[str, Callable[[Values], Any]] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)

    def attributes(self, row: Values) -> dict[str, Any]:
        """Return the layer's columns that this row fills."""
        found = dict(self.defaults)
        for ours, theirs in self.sources.items():
            value = row.get(theirs)
            if isinstance(value, str) and not value.strip():
                value = None
            form = self.forms.get(ours)
            found[ours] = value if value is None or form is None else form({theirs: value})
        for ours, form in self.forms.items():
            if ours not in self.sources:
                found[ours] = form(row)
        return found

    def key(self, row: Values, geometry: Any) -> str:
        """Return the row's key: its own where rows have one; else its content, counting equal rows."""
        if self.identity is not None:
            own = str(row[self.identity]).strip()
            return own if plain(self.identity) == "key" else f"{self.stem}/{own}"
        place = geometry.wkb_hex if isinstance(geometry, BaseGeometry) else jsonable(geometry)
        text = json.dumps([jsonable(row), place], sort_keys=True, ensure_ascii=False)
        content = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._seen[content] = self._seen.get(content, 0) + 1
        again = self._seen[content]
        return f"{self.stem}/{content}" + (f"~{again}" if again > 1 else "")


def plan(layer: LayerSpec, stem: str, rows: Sequence[Values], *, positions: Iterable[str] = ()) -> Plan:
    """Look at all rows of a file and say how they map; `positions` are columns that hold the place."""
    names: dict[str, str] = {}
    for row in rows:
        for name in row:
            names.setdefault(plain(name), name)
    made = Plan(layer, stem)
    for column in layer.table.columns:
        if column.name in SYSTEM_COLUMNS or column.name == "key":
            continue
        wanted = (column.name, *ALIASES.get(layer.name, {}).get(column.name, ()))
        theirs = next((names[plain(name)] for name in wanted if plain(name) in names), None)
        if theirs is None:
            continue
        codes, meanings = frozenset(_codes(layer, column.name)), _MEANINGS.get((layer.name, column.name))
        if codes and meanings is None and not any(str(row.get(theirs)).strip() in codes for row in rows):
            continue  # a list of other words under the same name
        made.sources[column.name] = theirs
        if isinstance(column.type, DateTime):
            form = _time_form([row.get(theirs) for row in rows])
            if form is not None:
                made.forms[column.name] = _timed(theirs, form)
        if meanings is not None:
            made.forms[column.name] = _meant(theirs, meanings, codes)
    if layer.name == "incident":
        _complete_incident(made, names)
    if layer.name in ("area", "grid"):
        _complete_division(made, names)
    made.identity = _identity(rows, names)
    used = {*made.sources.values(), *positions, made.identity}
    dates = {names[part] for part in _PARTS if part in names} if "occurred_at" in made.forms else set()
    made.ignored = [name for name in names.values() if name not in used | dates]
    return made


def _identity(rows: Sequence[Values], names: Mapping[str, str]) -> str | None:
    for candidate in IDS:
        theirs = names.get(plain(candidate))
        if theirs is None:
            continue
        values = [row.get(theirs) for row in rows]
        if all(v is not None and str(v).strip() and len(str(v)) <= 120 for v in values) and len(set(values)) == len(
            rows
        ):
            return theirs
    return None


def _complete_incident(made: Plan, names: Mapping[str, str]) -> None:
    """Incidents of other lists: no code of ours unless the title is in the catalogue; time in columns of its parts."""
    if all(part in names for part in ("year", "month", "day")):
        made.sources.pop("occurred_at", None)
        made.forms["occurred_at"] = _from_parts({part: names[part] for part in _PARTS if part in names})
    made.defaults.setdefault("kind", "matter")
    made.defaults.setdefault("source", "import")
    made.defaults.setdefault("status", "closed")
    title = made.sources.get("title")
    if title is not None and "code" not in made.sources:
        made.forms["code"] = lambda row: _code_of(row.get(title))
        made.forms["catalogue"] = lambda row: default_version() if _code_of(row.get(title)) else None
    for name in list(made.defaults):
        if name in made.sources:
            del made.defaults[name]


_CODES_OF_GRIDS = {"code": re.compile(r"[0-9A-Z]{15}"), "community_code": re.compile(r"[0-9A-Z]{12}")}


def _if_fits(theirs: str, fits: re.Pattern[str]) -> Callable[[Values], Any]:
    def form(row: Values) -> str | None:
        value = row.get(theirs)
        said = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
        return said if fits.fullmatch(said) else None

    return form


def _code_of(title: Any) -> str | None:
    found = coding.catalogue().find(str(title), "matter") if title else ()
    return found[0].code if found else None


def _complete_division(made: Plan, names: Mapping[str, str]) -> None:
    if made.layer.name == "grid":
        made.defaults.setdefault("kind", "unit")
        made.defaults.setdefault("edition", made.stem)
        for column, fits in _CODES_OF_GRIDS.items():
            theirs = made.sources.get(column)
            # What others call a grid's number may be one of their own: it is no code then, and the grid is taken all
            # the same.
            if theirs is not None and plain(theirs) != plain(column):
                made.forms[column] = _if_fits(theirs, fits)
        special = made.forms.get("special")
        if special is not None and "kind" not in made.sources:  # what is of a special use is a special grid
            made.forms["kind"] = lambda row: "special" if special(row) else "unit"
    elif "level" not in made.sources:
        finest = (("community", ("社区", "community")), ("street", ("街道", "street")), ("city", ("city",)))
        level = next((level for level, columns in finest if any(plain(c) in names for c in columns)), "district")
        made.defaults["level"] = "district" if any(n in names for n in ("district", "区县")) else level
    for name in list(made.defaults):
        if name in made.sources:
            del made.defaults[name]


def _codes(layer: LayerSpec, column: str) -> Iterable[str]:
    attribute = layer.attribute(column)
    return attribute.values if attribute is not None else ()


def _meant(theirs: str, meanings: Sequence[tuple[str, str]], ours: frozenset[str]) -> Callable[[Values], Any]:
    def meaning(row: Values) -> Any:
        value = str(row.get(theirs) or "").strip()
        if value in ours:
            return value
        return next((code for part, code in meanings if part in value.lower()), None)

    return meaning


def _timed(theirs: str, form: str) -> Callable[[Values], Any]:
    def instant(row: Values) -> Any:
        text = str(row.get(theirs) or "").strip()
        if not text:
            return None
        try:
            return datetime.strptime(text, form).isoformat()  # still local: the feed's zone makes it an instant
        except ValueError as exc:
            raise BadInput(f"The time {text[:60]!r} is not of the form {form}.", reason="format") from exc

    return instant


def _from_parts(names: Mapping[str, str]) -> Callable[[Values], Any]:
    def instant(row: Values) -> Any:
        try:
            parts = [int(float(row.get(theirs) or 0)) for theirs in names.values()]
            return datetime(*parts).isoformat()  # type: ignore[arg-type]
        except (ValueError, TypeError, OverflowError) as exc:
            raise BadInput("The columns of the date make no date.", reason="format") from exc

    return instant


def _time_form(values: Sequence[Any]) -> str | None:
    """Return the one form that reads all times of a column, None for ISO 8601 or where the column does not tell.

    5/3/2018 alone may be May or March: it is left to be refused unless another row of the column decides it.
    """
    texts = [str(v).strip() for v in values if v not in (None, "")]
    sample = texts[:5000]
    if not sample:
        return None
    fitting = [form + clock for form in _FORMS for clock in _CLOCKS if _fits(sample, form + clock)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(texts: Sequence[str], form: str) -> bool:
    misses = 0
    for text in texts:
        try:
            datetime.strptime(text, form)
        except ValueError:
            misses += 1
            if misses > len(texts) // 100:
                return False
    return True
