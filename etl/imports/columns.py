"""Foreign columns onto a layer's own: by name, by a small table of usual names, and for whole columns of times.

A file is looked at as a whole before its first row is mapped: whether a column identifies rows, and in which form
its times are written, cannot be told from one row.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
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
    # The columns of GB/T 47678.5, those of the tables made by CJ/T 214, and what a shapefile leaves of them: ten bytes.
    "part": {
        "code": ("标识码", "部件标识码", "部件编码", "部件代码", "objid"),
        "class_code": ("分类代码", "部件分类代码", "小类代码", "分类编码", "objclass"),
        "name": ("名称", "部件名称", "objname"),
        "status": ("状态", "部件状态", "objstate"),
        "authority": ("主管部门名称", "主管部门", "主管部门名", "deptname1"),
        "owner": ("权属单位名称", "权属单位", "权属单位名", "deptname2"),
        "maintainer": ("养护单位名称", "养护单位", "养护单位名", "deptname3"),
        "grid_code": ("所在单元网格标识码", "所在单元网格", "所在单元网", "单元网格标识码", "bgid"),
        "installed_at": ("初始日期", "初始时间", "ordate"),
        "changed_at": ("变更日期", "变更时间", "chdate"),
        "source": ("数据来源", "datasource"),
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
    ("part", "status"): (
        ("完好", "intact"), ("正常", "intact"), ("破损", "damaged"), ("损坏", "damaged"), ("丢失", "lost"),
        ("缺失", "lost"), ("废弃", "disused"), ("停用", "disused"), ("移除", "removed"), ("拆除", "removed"),
    ),
}  # fmt: skip
#: Columns that say in words what kind of part a row is, beside its own name.
_PART_KINDS = ("小类名称", "小类", "部件类别", "部件类型", "类别", "类型")
#: Usual names of parts that are not the catalogue's own, with their class; a name of two classes is not here.
_USUAL_PARTS = {
    "公厕": "03001", "垃圾桶": "03005", "果皮箱": "03005", "公交站": "02004", "公交站点": "02004", "公交站台": "02004",
    "公共自行车租赁点": "02026", "红绿灯": "02014", "消防栓": "01013", "消火栓": "01013", "雨水篦子": "01004",
    "自来水井盖": "01001", "上水井盖": "01001", "座椅": "04007", "健身器材": "01046", "古树": "04001",
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
    code: str | None = None  # their column of codes that identify a row beyond this file: such a code is its key
    forms: dict[str, Callable[[Values], Any]] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)  # their columns that forms read beside the sources
    repeated: frozenset[str] = frozenset()  # codes that several rows have: they identify none
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
        code = "" if self.code is None else str(row.get(self.code) or "").strip()
        if code and code not in self.repeated:
            return code
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
    if layer.name == "part":
        _complete_part(made, rows, names)
    used = {*made.sources.values(), *positions, made.identity, *made.read}
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


def _complete_part(made: Plan, rows: Sequence[Values], names: Mapping[str, str]) -> None:
    """Parts of other lists: known by their code in every file; class and name from a column of kinds, where one is."""
    code, name = made.sources.get("code"), made.sources.get("name")
    kind = next((names[one] for one in _PART_KINDS if one in names), None)
    if code is not None and (made.identity is None or plain(made.identity) != "key"):
        counts = Counter(str(row.get(code) or "").strip() for row in rows)
        made.code, made.repeated = code, frozenset(own for own, times in counts.items() if times > 1)
    if code is None and "class_code" not in made.sources:
        made.forms["class_code"] = lambda row: _part_class(_said(row, kind)) or _part_class(_said(row, name))
    if kind is not None:
        made.sources.pop("name", None)
        made.forms["name"] = lambda row: _said(row, name) or _said(row, kind)
        made.read |= {kind, name} if name is not None else {kind}


def _said(row: Values, column: str | None) -> Any:
    return None if column is None else row.get(column)


def _part_class(title: Any) -> str | None:
    said = str(title or "").strip()
    found = coding.catalogue().find(said, "part")
    return found[0].code if found else _USUAL_PARTS.get(said)


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
