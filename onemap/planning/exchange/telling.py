"""Repairs of grids as the doors tell them: plain values, shapes small enough for a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely
from shapely.geometry import mapping

from onemap.planning.exchange.spec import Repair
from onemap.store.layer import Text

#: Shapes of repairs are for looking at: 0.01 m, and never more corners than a screen can show.
_DIGITS, _CORNERS = 7, 20_000


def repairs_told(repairs: Sequence[Repair]) -> list[dict[str, Any]]:
    """Repairs with their places: shapes while there is room for them, else points in them."""
    room = _CORNERS
    told = []
    for repair in repairs:
        shape, room = _shown(repair, room)
        told.append(
            {
                "kind": repair.kind,
                "area_m2": round(repair.area_m2, 4),
                "grids": list(repair.grids),
                "to": repair.to,
                "where": shape,
            }
        )
    return told


def texts_told(texts: Sequence[Text]) -> list[dict[str, str]]:
    """Texts in both languages."""
    return [{"zh": text.zh, "en": text.en} for text in texts]


def _shown(repair: Repair, room: int) -> tuple[dict[str, Any], int]:
    corners = int(shapely.get_num_coordinates(repair.where))
    if corners > room:
        return mapping(shapely.point_on_surface(repair.where)), room
    return mapping(shapely.transform(repair.where, lambda at: at.round(_DIGITS))), room - corners
