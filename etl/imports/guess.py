"""Which layer a file is about, told by its name or else by its columns; the caller's word counts more."""

from __future__ import annotations

import re
from collections.abc import Iterable

from onemap.core.errors import BadInput
from onemap.layers import BY_NAME
from onemap.store.layer import LayerSpec

# Words of file and layer names, in the order they are looked for.
_WORDS: tuple[tuple[str, str], ...] = (
    ("hazard_zone", "hazard_zone"), ("event", "incident"), ("incident", "incident"), ("crime", "incident"),
    ("事件", "incident"), ("部件", "part"), ("井盖", "part"), ("路灯", "part"), ("public_facilit", "part"),
    ("manhole", "part"), ("street_lamp", "part"), ("street", "incident"), ("landslide", "hazard"),
    ("hazard", "hazard"), ("camera", "camera"), ("surveillance", "camera"), ("building", "building"),
    ("footprint", "building"), ("grid", "grid"), ("block", "grid"), ("community", "area"), ("district", "area"),
    ("admin", "area"), ("area", "area"), ("avenue", "road"), ("road", "road"), ("highway", "road"),
    ("railway", "road"), ("river", "water"), ("water", "water"), ("lake", "water"), ("landuse", "landuse"),
    ("forest", "landuse"), ("contour", "contour"), ("place", "place"), ("sensor", "sensor"), ("team", "team"),
    ("geofence", "geofence"), ("track", "track"), ("建筑", "building"), ("网格", "grid"), ("社区", "area"),
    ("街道", "area"), ("道路", "road"), ("水系", "water"), ("隐患", "hazard"), ("摄像", "camera"),
)  # fmt: skip
# "part" stands in departments and apartments, and names the pieces of any file: it counts alone, and last.
_PARTS = re.compile(r"(?<![a-z])(parts(?![a-z])|part(?![a-z]|[_-]?[0-9]))")
# Columns that only a table of parts has: who keeps it, in the words of GB/T 47678.5 or of CJ/T 214.
_KEPT = frozenset({"养护单位名称", "养护单位代码", "权属单位名称", "权属单位代码", "养护单位名", "deptname3"})


def layer_of(name: str, wanted: str | None, *, polygons: bool = False, columns: Iterable[str] = ()) -> LayerSpec:
    """Return the layer the caller named, or the one a file's name speaks of, or else its columns.

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
    if _PARTS.search(stem) or not _KEPT.isdisjoint(re.sub(r"\s", "", column).lower() for column in columns):
        return BY_NAME["part"]
    raise BadInput(
        f"The name {name!r} does not say which layer this is; say it with the option --layer.", reason="layer"
    )
