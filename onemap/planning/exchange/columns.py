"""Which column of a foreign file gives a grid's code, name, community, kind, special use and team."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

#: Usual names, compared in lower case without blanks; the first that a file has is taken. Shapefiles cut at 10.
NAMES: dict[str, tuple[str, ...]] = {
    "code": (
        "code", "grid_code", "gridcode", "网格编码", "网格编号", "网格代码", "标识码", "编码", "编号",
        "geoid10", "bgcode", "id",
    ),
    "name": ("name", "grid_name", "gridname", "网格名称", "名称", "bgname", "所属组织", "name10"),
    "community": (
        "community_code", "community_", "community", "comm_code", "sqcode", "社区编码", "社区代码", "所属社区编码",
        "所属社区",
    ),
    "kind": ("kind", "grid_kind", "网格类别", "类别", "网格类型"),
    "special": ("special", "专属类型", "专属类别"),
    "team": ("team_key", "team", "责任队伍"),
}  # fmt: skip

_KINDS = {"unit": "unit", "单元网格": "unit", "基础网格": "unit", "special": "special", "专属网格": "special"}
_SPECIAL = {
    "school": "school", "学校": "school", "estate": "estate", "小区": "estate", "industrial": "industrial",
    "园区": "industrial", "工业园区": "industrial", "hospital": "hospital", "医院": "hospital", "market": "market",
    "市场": "market", "other": "other", "其他": "other",
}  # fmt: skip


def guess(columns: Sequence[str]) -> dict[str, str | None]:
    """For each thing we look for, the file's column, or None."""
    known = {_plain(column): column for column in reversed(columns)}
    return {ours: next((known[name] for name in names if name in known), None) for ours, names in NAMES.items()}


def text_of(row: Mapping[str, Any], column: str | None) -> str | None:
    """A cell as text without blanks; None when empty. Whole numbers lose their ".0": codes are often numbers."""
    value = None if column is None else row.get(column)
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).replace("\0", "").strip() or None


def kind_of(text: str | None) -> str | None:
    """A kind in our words, None for none of them."""
    return None if text is None else _KINDS.get(_plain(text))


def special_of(text: str | None) -> str | None:
    """A special use in our words, None for none of them."""
    return None if text is None else _SPECIAL.get(_plain(text))


def _plain(name: str) -> str:
    return re.sub(r"\s+", "", name).lower()
