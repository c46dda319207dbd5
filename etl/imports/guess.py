"""Which layer a file is about, told by its name; the caller's word counts more."""

from __future__ import annotations

import re

from onemap.core.errors import BadInput
from onemap.layers import BY_NAME
from onemap.store.layer import LayerSpec

# Words of file and layer names, in the order they are looked for.
_WORDS: tuple[tuple[str, str], ...] = (
    ("hazard_zone", "hazard_zone"), ("event", "incident"), ("incident", "incident"), ("crime", "incident"),
    ("street", "incident"), ("landslide", "hazard"), ("hazard", "hazard"), ("camera", "camera"),
    ("surveillance", "camera"), ("building", "building"), ("footprint", "building"), ("grid", "grid"),
    ("block", "grid"), ("community", "area"), ("district", "area"), ("admin", "area"), ("area", "area"),
    ("avenue", "road"), ("road", "road"), ("highway", "road"), ("railway", "road"), ("river", "water"),
    ("water", "water"), ("lake", "water"), ("landuse", "landuse"), ("forest", "landuse"), ("contour", "contour"),
    ("place", "place"), ("sensor", "sensor"), ("team", "team"), ("geofence", "geofence"), ("track", "track"),
    ("建筑", "building"), ("网格", "grid"), ("社区", "area"), ("街道", "area"), ("事件", "incident"),
    ("道路", "road"), ("水系", "water"), ("隐患", "hazard"), ("摄像", "camera"),
)  # fmt: skip


def layer_of(name: str, wanted: str | None, *, polygons: bool = False) -> LayerSpec:
    """Return the layer the caller named, or the one a file's name speaks of.

    `polygons`: the file holds areas, so "street" means a street's area, not cases seen in streets. Raises BadInput
    (reason "layer") when the named layer is not there, or the name tells nothing.
    """
    if wanted is not None:
        if wanted not in BY_NAME:
            raise BadInput(f"There is no layer {wanted!r}; layers are {', '.join(BY_NAME)}.", reason="layer")
        return BY_NAME[wanted]
    stem = name.lower()
    if stem in BY_NAME:
        return BY_NAME[stem]
    if polygons and re.search("street|街道", stem):
        return BY_NAME["area"]
    for word, layer in _WORDS:
        if word in stem:
            return BY_NAME[layer]
    raise BadInput(
        f"The name {name!r} does not say which layer this is; say it with the option --layer.", reason="layer"
    )
