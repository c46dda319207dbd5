"""What the export door and the command line share: a surface cut out as a grant sees it, and written in a format."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import geopandas

from onemap.core.errors import BadInput
from onemap.core.policy import Grant
from onemap.heat import service
from onemap.heat.count import published
from onemap.heat.count.cube import View
from onemap.heat.export import FORMATS, WRITERS, Extract
from onemap.heat.report import Ground, report
from onemap.heat.surface import surface
from onemap.heat.window import Box
from onemap.layers import BY_NAME
from onemap.store.db import Connection
from onemap.store.policy_sql import view
from onemap.store.query import FeatureQuery, page_statement
from server.static import DIST
from tiles.heat import Asked, cells

#: Ground under a report: layer, what of it, how it is drawn.
_GROUND: tuple[tuple[str, dict[str, str], dict[str, Any]], ...] = (
    ("water", {}, {"color": "#7fb3d5", "fill": True, "fillColor": "#a9cce3", "fillOpacity": 0.6}),
    ("road", {"class": "primary"}, {"color": "#8a97a8", "weight": 1.4}),
    ("road", {"class": "secondary"}, {"color": "#a3aebc", "weight": 1.0}),
    ("area", {"level": "street"}, {"color": "#152238", "weight": 1.2, "dashArray": "4 3"}),
)
_GROUND_LIMIT = 2000
#: Resolution of a file when none is asked: about a city block of some streets.
DEFAULT_RES = 9


def extract(conn: Connection, what: Asked, res: int, box: Box | None, cube: View | None = None) -> Extract:
    """The surface's cells at a resolution, in a box or everywhere the asker sees, with what is said of them.

    Counted out of `cube` where the caller has one, else by SQL: the same numbers.
    """
    spec = surface(what.ask.surface)
    res = published.res_of(min(res, spec.finest)) if what.published else min(res, spec.finest)
    found = cells(conn, what, res, box, cube)
    about: dict[str, Any] = {
        "surface": spec.name,
        "title": spec.title.zh,
        "unit": spec.unit.zh,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "published": what.published,
    }
    if spec.windows or spec.horizons:
        about["window"] = what.ask.window
    if what.published:
        about |= {name: value for name, value in published.period(conn, what.ask).items() if isinstance(value, str)}
    elif spec.windows:
        hours = what.ask.hours()
        if len(hours):
            about["from"] = datetime.fromtimestamp(int(hours[0][0]) * 3600, UTC).isoformat()
            about["to"] = datetime.fromtimestamp(int(hours[-1][1]) * 3600, UTC).isoformat()
    for name in ("categories", "sources", "severities"):
        if chosen := getattr(what.ask, name):
            about[name] = ",".join(str(one) for one in chosen)
    if what.ask.weight != "count":
        about["weight"] = what.ask.weight
    if what.ask.half_life_h is not None:
        about["half_life_h"] = what.ask.half_life_h
    if what.ask.smooth:
        about["smooth"] = what.ask.smooth
    return Extract(found, res, about)


def written(
    conn: Connection, grant: Grant, what: Asked, kind: str, res: int, box: Box | None, cube: View | None = None
) -> tuple[bytes, str, str]:
    """The file, its name and its media type. Raises BadInput for an unknown format or a size no file should have."""
    if kind not in FORMATS:
        raise BadInput(f"{kind[:20]!r} is no format: {', '.join(FORMATS)}.", reason="format")
    cut = extract(conn, what, res, box, cube)
    if kind == "html":
        spec = surface(what.ask.surface)
        breaks = list(spec.breaks) or service.quantiles(cut.found.values)
        data = report(cut, DIST / "vendor", breaks=breaks, ground=_ground(conn, grant, box))
    else:
        data = WRITERS[kind](cut)
    suffix, media_type = FORMATS[kind]
    return data, f"{cut.about['surface']}-r{cut.res}{suffix}", media_type


def _ground(conn: Connection, grant: Grant, box: Box | None) -> list[Ground]:
    found: list[Ground] = []
    for name, filters, style in _GROUND:
        layer = BY_NAME[name]
        if not grant.sees_layer(name, layer.roles):
            continue
        query = FeatureQuery(bbox=box, filters=filters, limit=_GROUND_LIMIT)
        statement, params = page_statement(view(layer, grant), query)
        rows = conn.execute(statement, params).fetchall()[:_GROUND_LIMIT]
        features = [json.loads(row["feature"]) for row in rows]
        if features:
            found.append(Ground(layer.title.zh, geopandas.GeoDataFrame.from_features(features, crs="EPSG:4326"), style))
    return found
