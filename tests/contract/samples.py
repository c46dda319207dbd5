"""Rows for any layer, made from its spec alone: the contract tests need no file of their own for a new layer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import shapely
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, box
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Boolean, Double, Integer
from sqlalchemy.dialects.postgresql import JSONB

from onemap.store.feature import FeatureRow
from onemap.store.layer import Attribute, LayerSpec

#: South-west corner of the sample ground, and the steps between features in degrees.
WEST, SOUTH = 106.50, 29.60
STEP = 0.0012
COLUMNS = 8
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def rows(layer: LayerSpec, count: int = 25) -> list[FeatureRow]:
    """Features `count` of a layer, keys `<layer>-0` on, in a small raster, with every attribute filled."""
    return [
        FeatureRow(
            f"{layer.name}-{i}",
            geometry(layer.geometry, *place(i)),
            {a.name: value(layer, a, i) for a in layer.attributes},
        )
        for i in range(count)
    ]


def place(i: int) -> tuple[float, float]:
    """Longitude and latitude of the i-th sample."""
    return WEST + STEP * (i % COLUMNS), SOUTH + STEP * (i // COLUMNS)


def geometry(kind: str, lon: float, lat: float, size: float = 0.0008) -> BaseGeometry:
    """A geometry of the kind whose south-west corner, or first point, is there."""
    if kind == "Point":
        return Point(lon, lat)
    if kind == "MultiPolygon":
        return MultiPolygon([box(lon, lat, lon + size, lat + size)])
    if kind == "MultiLineString":
        return MultiLineString([[(lon, lat), (lon + size, lat + size)]])
    if kind == "LineStringZM":
        began = START.timestamp()
        wkt = f"LINESTRING ZM ({lon} {lat} 210 {began}, {lon + size} {lat + size} 220 {began + 60})"
        line = shapely.from_wkt(wkt)
        assert isinstance(line, LineString)
        return line
    raise AssertionError(f"no sample for a {kind}")


def value(layer: LayerSpec, attribute: Attribute, i: int) -> Any:
    """A value of the attribute's column."""
    column = layer.table.columns[attribute.name].type
    if isinstance(column, JSONB):
        return {"reading": i}
    if layer.valid is not None and attribute.name == layer.valid[1]:
        return START + timedelta(days=36500, minutes=i)  # in force: lists and tiles show no other
    if attribute.kind == "time":
        return START + timedelta(minutes=i)
    if attribute.kind == "level":
        return 1 + i % 4
    if isinstance(column, Boolean):
        return i % 2 == 0
    if isinstance(column, Integer):
        return i
    if isinstance(column, Double):
        return i + 0.5
    if attribute.values:
        return list(attribute.values)[i % len(attribute.values)]
    return f"{attribute.name} {i}"
