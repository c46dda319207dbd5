"""TileJSON 3.0.0: what a map client needs to know of a layer's tiles."""

from __future__ import annotations

from typing import Any

from onemap.store.layer import Attribute
from onemap.store.policy_sql import NOTE_SUFFIX, View

_FIELD_TYPES = {"int": "Number", "number": "Number", "count": "Number", "level": "Number", "bool": "Boolean"}
Bounds = tuple[float, float, float, float]


def tilejson(view: View, template: str, bounds: Bounds) -> dict[str, Any]:
    """The document for a layer as one asker sees it; `template` is the absolute URL with {z}, {x}, {y}."""
    layer = view.layer
    fields = {"key": "String"}
    for attribute in view.attributes:
        if attribute.tile_minzoom is not None:
            fields[attribute.name] = _described(attribute)
            if view.suppresses(attribute):
                fields[attribute.name + NOTE_SUFFIX] = f"String: <{view.floor} where the count is hidden"
    west, south, east, north = bounds
    return {
        "tilejson": "3.0.0",
        "name": layer.name,
        "description": f"{layer.title.zh} {layer.title.en}",
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [template],
        "minzoom": layer.minzoom,
        "maxzoom": layer.maxzoom,
        "bounds": [west, south, east, north],
        "center": [(west + east) / 2.0, (south + north) / 2.0, layer.minzoom],
        "vector_layers": [
            {
                "id": layer.name,
                "description": layer.title.en,
                "minzoom": layer.minzoom,
                "maxzoom": layer.maxzoom,
                "fields": fields,
            }
        ],
    }


def _described(attribute: Attribute) -> str:
    kind = _FIELD_TYPES.get(attribute.kind, "String")
    unit = f" ({attribute.unit})" if attribute.unit else ""
    return f"{kind}: {attribute.title.en}{unit}"
