"""Grids in GeoJSON: read by our own hands, so that half a file and a ring left open are told and not passed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from onemap.core import geometry
from onemap.core.errors import BadInput
from onemap.planning.exchange.spec import GridFile, bounded, refused
from onemap.store.layer import Text


def read_geojson(data: bytes, name: str, encoding: str | None) -> tuple[GridFile, str | None]:
    """Return the file, its shapes as they are written, and the system that it declares. Raises BadInput."""
    text, notes = _decoded(data, encoding)
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as exc:
        raise refused("broken", "GeoJSON 损坏或不完整", f"the GeoJSON is broken or not whole: {exc}") from exc
    kind = content.get("type") if isinstance(content, dict) else None
    features = content.get("features") if kind == "FeatureCollection" else [content] if kind == "Feature" else None
    if not isinstance(features, list):
        raise refused("format", "不是 GeoJSON 要素集合", "it is no GeoJSON FeatureCollection")
    bounded(len(features))
    rows: list[dict[str, Any]] = []
    shapes: list[Any] = []
    columns: dict[str, None] = {}
    for number, feature in enumerate(features, 1):
        if not isinstance(feature, dict):
            raise refused("format", f"第 {number} 个要素不是要素", f"feature {number} is no feature")
        values = feature.get("properties") or {}
        if not isinstance(values, dict):
            raise refused("format", f"第 {number} 个要素的属性无法读取", f"feature {number} has no readable properties")
        try:
            shape = feature.get("geometry")
            shapes.append(None if shape is None else geometry.read_geojson(shape).geom)
        except BadInput as exc:
            raise refused("broken", f"第 {number} 个要素的图形无法读取", f"feature {number}: {exc.message}") from exc
        rows.append(values)
        columns.update(dict.fromkeys(str(key) for key in values))
    found = np.empty(len(shapes), dtype=object)
    found[:] = shapes
    return GridFile(name, rows, found, "", tuple(columns), tuple(notes)), _crs(content)


def _decoded(data: bytes, encoding: str | None) -> tuple[str, list[Text]]:
    for guess in (encoding,) if encoding is not None else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(guess)
        except UnicodeDecodeError:
            continue
        except LookupError as exc:
            raise refused("encoding", f"不认识的编码:{guess[:40]}", f"unknown encoding {guess[:40]!r}") from exc
        said = [] if guess != "gb18030" or encoding is not None else [Text("按 GB18030 读", "Read as GB18030.")]
        return text, said
    raise refused("encoding", "文字的编码认不出来", "the text is neither UTF-8 nor GB18030, or not whole")


def _crs(content: Mapping[str, Any]) -> str:
    """GeoJSON is WGS-84 by its standard; the "crs" of its old form counts where a file has one."""
    crs = content.get("crs")
    named = crs.get("properties", {}).get("name") if isinstance(crs, Mapping) else None
    return named if isinstance(named, str) else "WGS-84"
