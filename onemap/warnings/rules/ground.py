"""The objects that a rule applies to, with what `where` may ask of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import boundaries, centers, cover, hex_of
from onemap.core.errors import BadInput
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.rules.conditions import SUBJECT, Fault, compile_condition
from onemap.warnings.rules.spec import Rule

#: Cells of the scope `cell`: about 0.74 km² each.
CELL_RES = 8
#: No rule watches more objects.
MOST_SUBJECTS = 20_000


@dataclass(frozen=True)
class Subject:
    """An object under a rule; a feed has no place (NaN)."""

    key: str  # hazard:h12
    name: str
    lon: float
    lat: float
    attributes: Mapping[str, Any] = field(default_factory=dict)
    geom: BaseGeometry | None = None  # of those that are areas

    @property
    def own(self) -> str:
        """The key without its kind."""
        return self.key.partition(":")[2]


def subjects_of(conn: Connection, rule: Rule, *, feeds: Mapping[str, str]) -> list[Subject]:
    """The objects that the rule applies to now, in key order; `feeds` are those there are, with their titles.

    Raises BadInput when `where` cannot be used, or when it leaves too many.
    """
    where = compile_condition(rule.where, frozenset(), numbers=False)
    if isinstance(where, Fault):
        raise BadInput(f"where: {where.message}", reason="rule")
    found = [one for one in _all(conn, rule.scope, feeds) if where.holds({SUBJECT: one.attributes})]
    if len(found) > MOST_SUBJECTS:
        raise BadInput(
            f"规则会盯住 {len(found)} 个对象，上限 {MOST_SUBJECTS} · "
            f"the rule would watch more than {MOST_SUBJECTS} objects.",
            reason="many-subjects",
        )
    return found


def _all(conn: Connection, scope: str, feeds: Mapping[str, str]) -> list[Subject]:
    if scope == "feed":
        return [
            Subject(f"feed:{name}", title, np.nan, np.nan, {"key": name, "name": title})
            for name, title in sorted(feeds.items())
        ]
    if scope == "cell":
        return _cells(conn)
    return [_subject(row) for row in conn.execute(sql("rule_subjects"), {"scope": scope}).fetchall()]


def _subject(row: Mapping[str, Any]) -> Subject:
    # An attribute that is not known is left out: `has(subject.level)` can ask, and a comparison is unknown.
    attributes = {name: value for name, value in row["attributes"].items() if value is not None}
    geom = shapely.from_wkb(bytes(row["wkb"])) if row["wkb"] is not None else None
    return Subject(row["subject"], row["name"], row["lon"], row["lat"], attributes, geom)


def _cells(conn: Connection) -> list[Subject]:
    """The cells of resolution 8 over the city's areas."""
    rows: Sequence[Mapping[str, Any]] = conn.execute(sql("rule_subjects"), {"scope": "area"}).fetchall()
    if not rows:
        return []
    whole = shapely.union_all(shapely.from_wkb([bytes(row["wkb"]) for row in rows]))
    return cells_over(whole)


def cells_over(whole: BaseGeometry) -> list[Subject]:
    """A subject for every cell whose centre lies in an area, in order of the cells."""
    cells = cover(whole, CELL_RES, mode="center")
    lon, lat = centers(cells)
    names = [hex_of(cell) for cell in cells.tolist()]
    return [
        Subject(f"cell:{name}", name, float(lon[i]), float(lat[i]), {"key": name, "name": name}, shape)
        for i, (name, shape) in enumerate(zip(names, boundaries(cells), strict=True))
    ]
