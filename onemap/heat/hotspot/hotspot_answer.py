"""What hot spots look like to somebody who asks: outlines of each class as GeoJSON, and one cell with its figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
from shapely import box, intersects

from onemap.core.cell import Cells, hex_of
from onemap.core.errors import BadInput, NotFound
from onemap.heat.hotspot.emerging import KINDS, name_of
from onemap.heat.hotspot.gistar import CLASSES, RATES
from onemap.heat.hotspot.hotspot_question import Question
from onemap.heat.hotspot.hotspots import HotSpots, Kept
from onemap.heat.patch import DIGITS, Patch, patches
from onemap.heat.window import Box, at_hour
from onemap.store.layer import Text

Kind = Literal["gi", "emerging"]

#: Outlines of one answer: more cells than this are no spots, and take seconds to draw.
MAX_CELLS = 250_000

_SIDES = {"hot": Text("热点", "hot spot"), "cold": Text("冷点", "cold spot")}
_EMERGING = {
    "new": Text("新增", "New"),
    "consecutive": Text("连续", "Consecutive"),
    "intensifying": Text("加强", "Intensifying"),
    "persistent": Text("持续", "Persistent"),
    "diminishing": Text("减弱", "Diminishing"),
    "sporadic": Text("零星", "Sporadic"),
    "oscillating": Text("振荡", "Oscillating"),
    "historical": Text("历史", "Historical"),
}
_NONE = Text("无显著聚集", "Not significant")
_METHOD = Text(
    "Getis-Ord Gi*，邻域 {rings} 环（含自身），边缘按实际邻格数修正；双侧检验，"
    "Benjamini-Hochberg 错误发现率；检验全部 {n} 个格，不限于屏幕",
    "Getis-Ord Gi* over {rings} ring(s) and the cell itself, edges by the neighbours really there; two-sided, "
    "Benjamini-Hochberg false discovery rate over all {n} cells, not only those on the screen",
)
_TREND = Text(
    "；时空立方 {steps} 步，邻域含上一步；趋势为 Mann-Kendall 检验",
    "; a space-time cube of {steps} steps, neighbourhoods reaching into the step before; trends by Mann-Kendall",
)


def title_of(name: str) -> Text:
    """A class in words."""
    if name == CLASSES[0]:
        return _NONE
    side, dash, kind = name.partition("-")
    if dash:
        word = _EMERGING[kind]
        return Text(f"{word.zh}{_SIDES[side].zh}", f"{word.en} {_SIDES[side].en}")
    side, level = name[:-2], name[-2:]
    word = _SIDES[side]
    return Text(f"{word.zh}（{level}%）", f"{word.en.capitalize()} ({level} %)")


def features(kept: Kept, *, least: float = 0.95, bbox: Box | None = None) -> dict[str, Any]:
    """The outlines of every class as a GeoJSON FeatureCollection with `meta`: one MultiPolygon a class.

    Of Gi* the classes whose false discovery rate is at most 1 - `least`. With `bbox` only the patches that meet it:
    what was tested stays the whole study area. Raises BadInput (reason "answer-size") for outlines of too many cells.
    """
    key = ("features", least)
    known: dict[str, Any] | None = kept.answers.get(key) if bbox is None else None
    if known is None:
        told = _emergent(kept) if kept.question.steps else _significant(kept, least)
        found = [_feature(kept, *one, bbox) for one in told]
        shown = [feature for feature in found if feature is not None]
        known = {"type": "FeatureCollection", "features": shown, "meta": _meta(kept, least)}
        if bbox is None:
            kept.answers[key] = known
    return known


def cell(spots: HotSpots, question: Question, index: int, *, steps: int) -> dict[str, Any]:
    """One cell of the study area: its figures over the whole window, and over `steps` windows (0: not asked).

    Raises NotFound for a cell that is not tested, BadInput as `HotSpots.held`.
    """
    with spots.held(replace(question, steps=0, alpha=Question.alpha)) as kept:
        place = kept.grid.place(index)
        if place < 0:
            raise NotFound("That cell lies outside the study area.", reason="cell")
        z, p, q, name = kept.at(place)
        near = kept.grid.neighbours[place]
        values = kept.totals
        told: dict[str, Any] = {
            "cell": hex_of(index),
            "res": question.res,
            "value": _number(values[place]),
            "z": z, "p": p, "q": q, "class": name, "title": _texts(title_of(name)),
            "n": len(kept.grid),
            "local_sum": _number(values[place] + values[near[near >= 0]].sum()),
            "neighbours": int(kept.grid.sizes[place]) - 1,
            "mean": float(values.mean()),
            "emerging": None,
        }  # fmt: skip
    if steps:
        with spots.held(replace(question, steps=steps)) as kept:
            place = kept.grid.place(index)
            if place >= 0:
                told["emerging"] = _trend(kept, place)
    return told


def _trend(kept: Kept, place: int) -> dict[str, Any]:
    found = kept.trends
    name = name_of(int(found.kinds[place]))
    ends = [own[-1, 1] if len(own) else None for own in kept.hours]
    return {
        "class": name,
        "title": _texts(title_of(name)),
        "z_series": [
            [at_hour(end).isoformat(), round(z, 6)]
            for end, z in zip(ends, found.z[:, place].tolist(), strict=True)
            if end is not None
        ],
        "mk_tau": float(found.tau[place]),
        "mk_p": float(found.p[place]),
    }


def _significant(kept: Kept, least: float) -> list[tuple[str, Cells, npt.NDArray[Any], npt.NDArray[Any]]]:
    """(class, places, z, p) of every class that occurs, hottest first."""
    told = kept.significance
    levels = [3 - at for at, rate in enumerate(RATES) if rate <= 1.0 - least + 1e-9]
    found = []
    for code in [*levels, *(-level for level in levels)]:
        places = np.flatnonzero(told.codes == code)
        if len(places):
            found.append((CLASSES[code], places, told.z, told.p))
    return found


def _emergent(kept: Kept) -> list[tuple[str, Cells, npt.NDArray[Any], npt.NDArray[Any]]]:
    """The same of the space-time cube: z is that of the last step, p that of the trend."""
    told = kept.trends
    found = []
    for code in [*range(1, len(KINDS)), *range(-1, -len(KINDS), -1)]:
        places = np.flatnonzero(told.kinds == code)
        if len(places):
            found.append((name_of(code), places, told.z[-1], told.p))
    return found


def _feature(
    kept: Kept, name: str, places: Cells, z: npt.NDArray[Any], p: npt.NDArray[Any], bbox: Box | None
) -> dict[str, Any] | None:
    """A class as one feature; None when none of its patches meets the box."""
    if len(places) > MAX_CELLS:
        raise BadInput(f"{len(places)} cells of one class: ask for larger cells.", reason="answer-size")
    found = _drawn(kept, name, places)
    if bbox is not None and found:
        outlines = [patch.outline for patch in found]
        meets = np.any([intersects(part, outlines) for part in _frame(bbox)], axis=0)
        found = [patch for patch, shown in zip(found, meets.tolist(), strict=True) if shown]
    if not found:
        return None
    cells = np.sort(np.concatenate([patch.cells for patch in found]))
    own = np.searchsorted(kept.grid.cells, cells)
    return {
        "type": "Feature",
        "geometry": {"type": "MultiPolygon", "coordinates": [patch.rings for patch in found]},
        "properties": {
            "class": name,
            "title": _texts(title_of(name)),
            "cells": len(cells),
            "events": _number(kept.totals[own].sum()),
            "z_max": round(float(z[own][np.argmax(np.abs(z[own]))]), 6),
            "p_min": float(p[own].min()),
            "area_km2": round(sum(h3.cell_area(cell, unit="km^2") for cell in cells.tolist()), 6),
        },
    }


def _drawn(kept: Kept, name: str, places: Cells) -> list[Patch]:
    """The patches of a class, drawn once for all boxes, and again only when its cells are others."""
    known = kept.drawn.get(name)
    if known is None or not np.array_equal(known[0], places):
        known = kept.drawn[name] = (places, patches(kept.grid.cells[places]))
    return known[1]


def _frame(bbox: Box) -> list[Any]:
    west, south, east, north = bbox
    if west <= east:
        return [box(west, south, east, north), box(west + 360, south, east + 360, north)]
    return [box(west, south, east + 360, north), box(-180.0, south, east, north)]


def _meta(kept: Kept, least: float) -> dict[str, Any]:
    question, span = kept.question, kept.span
    given = {"rings": question.rings, "n": len(kept.grid), "steps": question.steps}
    method = Text(_METHOD.zh, _METHOD.en)
    if question.steps:
        method = Text(method.zh + _TREND.zh, method.en + _TREND.en)
    told: dict[str, Any] = {
        "kind": "emerging" if question.steps else "gi",
        "res": question.res,
        "rings": question.rings,
        "window": question.ask.window,
        "from": span[0].isoformat() if span else None,
        "to": span[1].isoformat() if span else None,
        "cells_tested": len(kept.grid),
        "study_area": kept.area.source if kept.area else None,
        "fdr": "benjamini-hochberg",
        "alpha": round(1.0 - least, 6),
        "method": {"zh": method.zh.format(**given), "en": method.en.format(**given)},
        "published": question.published,
        "steps": None,
    }
    if question.steps:
        spans = [own for own in kept.hours if len(own)]
        told["steps"] = [[at_hour(own[0, 0]).isoformat(), at_hour(own[-1, 1]).isoformat()] for own in spans]
    return told


def _texts(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _number(value: Any) -> float | int:
    """A count as a whole number, anything else to as many digits as a coordinate."""
    return int(value) if float(value).is_integer() else round(float(value), DIGITS)
