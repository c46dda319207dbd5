"""What of a warning's picture an asker may see: the policy of the layers it is put together from, and of the alerts.

Engines give everything, because an engine knows no asker; nothing leaves a door before it has passed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import shapely

from onemap.core.policy import Grant, Right
from onemap.heat.ask import whole_hour
from onemap.layers import BY_NAME
from onemap.store.db import Connection
from onemap.store.policy_sql import NOTE_SUFFIX, view
from onemap.store.within import keys_within, streams_within

_FEED_COUNTS = ("received", "stored", "unchanged", "duplicates", "quarantined")
#: Feeds that bring events one by one: when the last came says that one came.
_EVENT_FEEDS = frozenset({"incident"})
_HOUR_S = 3600.0
_STEP = ("at", "kind", "text_zh", "text_en", "alert_id", "attachment")


def sees(grant: Grant, layer: str) -> bool:
    """Whether the asker may see a layer."""
    return grant.sees_layer(layer, BY_NAME[layer].roles)


def in_area(grant: Grant, lon: float | None, lat: float | None) -> bool:
    """Whether a place lies in the asker's area; one without place lies in none."""
    if grant.area_wkb is None:
        return True
    if lon is None or lat is None:
        return False
    return bool(shapely.intersects_xy(shapely.from_wkb(grant.area_wkb), lon, lat))


def attributes_of(row: Mapping[str, Any], layer: str, grant: Grant, floor: int) -> dict[str, Any]:
    """A row of a layer with its attributes as the grant sees them; what is no attribute stays as it is."""
    seen = view(BY_NAME[layer], grant, floor=floor)
    visible = {attribute.name: attribute for attribute in seen.attributes}
    out: dict[str, Any] = {}
    for name, value in row.items():
        if BY_NAME[layer].attribute(name) is None:
            out[name] = value
        elif name not in visible:
            out[name] = None
        elif seen.suppresses(visible[name]) and value is not None and value < floor:
            out[name], out[name + NOTE_SUFFIX] = None, f"<{floor}"
        else:
            out[name] = value
    return out


def warnings_for(
    conn: Connection, entries: Sequence[Mapping[str, Any]], grant: Grant, floor: int
) -> list[dict[str, Any]]:
    """The warnings of a list that the asker may see. Raises NotFound when the layer is not the asker's."""
    view(BY_NAME["warning"], grant)
    keys = keys_within(conn, BY_NAME["warning"], [entry["key"] for entry in entries], grant)
    return [_entry(entry, grant, floor) for entry in entries if entry["key"] in keys]


def feed_for(status: Mapping[str, Any], grant: Grant) -> dict[str, Any]:
    """A feed's status as the grant sees it. Without exact counts: no counters, and of events' feeds the hour alone."""
    out = dict(status)
    if grant.can(Right.EXACT_COUNTS):
        return out
    out |= dict.fromkeys(_FEED_COUNTS)
    if status["name"] in _EVENT_FEEDS and status["last_at"] is not None:
        out["last_source_at"] = None
        out["last_at"] = whole_hour(datetime.fromisoformat(str(status["last_at"]))).isoformat()
        out["age_s"] = status["age_s"] and status["age_s"] // _HOUR_S * _HOUR_S
    return out


def alerts_for(alerts: Sequence[Mapping[str, Any]], grant: Grant) -> list[dict[str, Any]]:
    """The alerts that the asker may see: all for those who watch over them, else their own team's."""
    if not grant.can(Right.ALERTS_ALL):
        own = grant.team_key if grant.can(Right.ALERTS_OWN) else None
        alerts = [alert for alert in alerts if own is not None and alert["team_key"] == own]
    return [dict(alert) for alert in alerts if in_area(grant, alert["lon"], alert["lat"])]


def why_for(conn: Connection, picture: Mapping[str, Any], grant: Grant, floor: int) -> dict[str, Any]:
    """Everything behind a warning that the asker may see."""
    hazard = picture["hazard"]
    if hazard is not None:
        allowed = keys_within(conn, BY_NAME["hazard"], [hazard["key"]], grant)
        hazard = attributes_of(hazard, "hazard", grant, floor) if allowed else None
    streams = streams_within(conn, [one["datastream_key"] for one in picture["series"]], grant, BY_NAME["sensor"])
    alerts = alerts_for(picture["alerts"], grant)
    mine = {alert["id"] for alert in alerts}
    reading = picture["reading"]
    if reading is not None and not keys_within(conn, BY_NAME["sensor"], [reading["sensor_key"]], grant):
        reading = None
    return {
        **picture,
        "warning": _entry(picture["warning"], grant, floor),
        "hazard": hazard,
        "reading": reading
        if reading and keys_within(conn, BY_NAME["sensor"], [reading["sensor_key"]], grant)
        else None,
        "series": [one for one in picture["series"] if one["datastream_key"] in streams],
        "threatened": _threatened(picture["threatened"], grant, floor),
        "cameras": _near(conn, picture["cameras"], "camera", grant),
        "teams": _near(conn, picture["teams"], "team", grant),
        "previous": _near(conn, picture["previous"], "warning", grant),
        "timeline": [
            {name: step[name] for name in _STEP}
            for step in picture["timeline"]
            if step["alert_id"] is None or step["alert_id"] in mine
        ],
        "alerts": alerts,
    }


def _entry(entry: Mapping[str, Any], grant: Grant, floor: int) -> dict[str, Any]:
    out = attributes_of(entry, "warning", grant, floor)
    if not (grant.can(Right.ALERTS_ALL) or grant.can(Right.ALERTS_OWN)):
        out["alerts"] = None
    return out


def _threatened(counts: Mapping[str, Any], grant: Grant, floor: int) -> dict[str, Any]:
    if not sees(grant, "building"):
        return dict.fromkeys(counts)
    return attributes_of(counts, "building", grant, floor)


def _near(conn: Connection, rows: Sequence[Mapping[str, Any]], layer: str, grant: Grant) -> list[dict[str, Any]]:
    keys = keys_within(conn, BY_NAME[layer], [row["key"] for row in rows], grant)
    return [dict(row) for row in rows if row["key"] in keys]
