"""Contour lines of the elevation model."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double

from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table

TABLE = feature_table(
    "contour",
    "MultiLineString",
    [
        Column("elevation_m", Double),
        Column("index", Boolean),
    ],
)

LAYER = LayerSpec(
    name="contour",
    title=Text("等高线", "Contour lines"),
    table=TABLE,
    geometry="MultiLineString",
    group="base",
    minzoom=11,
    style={"kind": "contour", "order": 14},
    attributes=(
        Attribute("elevation_m", Text("高程", "Elevation"), "number", unit="m"),
        Attribute("index", Text("计曲线", "Index line"), "bool"),
    ),
)
