"""GPX: each track segment with its points. Entities are refused, so no file or address is fetched by reading one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from etl.feed import Envelope, Row
from onemap.core.errors import FeedMalformed


@dataclass
class _State:
    """Where in the file the reader stands."""

    track: int = 0
    segment: int = 0
    name: str | None = None
    points: list[dict[str, Any]] = field(default_factory=list)
    path: list[str] = field(default_factory=list)


def read(payload: bytes, envelope: Envelope) -> Iterator[Row]:
    """Yield {"name", "points": [{"lon", "lat", "ele", "time"}]} of each segment, {"waypoint"} or {"route"} of others.

    Texts are as written. A file cut off yields the segments before the cut, then raises FeedMalformed.
    """
    state = _State()
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(payload), events=("start", "end"), forbid_dtd=True):
            tag = element.tag.rpartition("}")[2]
            if event == "start":
                if root is None:
                    root = element
                    if tag != "gpx":
                        raise FeedMalformed(f"The file begins with <{tag[:40]}>, not <gpx>.", reason="gpx")
                state.path.append(tag)
                _start(tag, state)
                continue
            row = _end(tag, element, state)
            state.path.pop()
            if row is not None:
                yield row
            if tag in ("trkpt", "wpt", "rte", "trk"):
                element.clear()
    except (ParseError, DefusedXmlException) as exc:
        why = "it defines entities" if isinstance(exc, DefusedXmlException) else str(exc)
        raise FeedMalformed(f"The GPX cannot be read: {why}.", reason="xml") from exc
    if root is None:
        raise FeedMalformed("The file is empty.", reason="gpx")


def _start(tag: str, state: _State) -> None:
    if tag == "trk":
        state.track, state.segment, state.name = state.track + 1, 0, None
    elif tag == "trkseg":
        state.segment, state.points = state.segment + 1, []


def _end(tag: str, element: Element, state: _State) -> Row | None:
    parent = state.path[-2] if len(state.path) > 1 else ""
    if tag == "name" and parent == "trk":
        state.name = (element.text or "").strip() or None
    elif tag == "trkpt":
        children = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in element}
        state.points.append(
            {
                "lon": element.get("lon"),
                "lat": element.get("lat"),
                "ele": children.get("ele"),
                "time": children.get("time"),
            }
        )
    elif tag == "trkseg":
        return Row(f"track {state.track} segment {state.segment}", {"name": state.name, "points": state.points})
    elif tag == "wpt":
        return Row("waypoint", {"waypoint": True})
    elif tag == "rte":
        return Row("route", {"route": True})
    return None
