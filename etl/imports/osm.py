"""OpenStreetMap extracts: buildings, roads, water, land use, areas, places, surveillance cameras and managed parts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import osmium
import shapely
from shapely.geometry.base import BaseGeometry

from etl.feed import Row
from etl.imports import osm_parts
from etl.imports.spec import Found, Skip
from onemap.core.errors import BadGeometry, BadInput

Tags = Mapping[str, str]
Told = tuple[str, dict[str, Any]] | Skip | None

_KEYS = (
    "building", "highway", "railway", "natural", "waterway", "landuse", "leisure", "amenity", "boundary", "place",
    "man_made", "water", *osm_parts.KEYS,
)  # fmt: skip
#: What is drawn larger than a filling station or longer than a row of benches is a ground, not a part.
_PART_M2, _PART_M = 5000.0, 50.0

_USES: dict[str, str] = {
    name: use
    for use, names in {
        "residential": "residential house apartments detached semidetached_house terrace dormitory bungalow farm cabin",
        "commercial": "commercial retail supermarket kiosk hotel shop",
        "office": "office",
        "industrial": "industrial warehouse manufacture factory",
        "school": "school university college kindergarten",
        "hospital": "hospital clinic",
        "public": "public civic government church chapel cathedral mosque temple fire_station train_station library",
    }.items()
    for name in names.split()
}
_ROADS: dict[str, str] = {
    name: ours
    for ours, names in {
        "motorway": "motorway motorway_link",
        "trunk": "trunk trunk_link",
        "primary": "primary primary_link",
        "secondary": "secondary secondary_link",
        "tertiary": "tertiary tertiary_link",
        "residential": "residential unclassified living_street road",
        "service": "service",
        "track": "track",
        "footway": "footway path pedestrian cycleway steps bridleway corridor",
    }.items()
    for name in names.split()
}
_RAILS = frozenset({"rail", "light_rail", "subway", "tram", "narrow_gauge", "monorail", "funicular"})
_WATERS = {"river": "river", "canal": "river", "stream": "river", "lake": "lake", "pond": "pond", "basin": "pond"}
_WATERS |= {"reservoir": "reservoir", "oxbow": "lake", "lagoon": "lake", "moat": "pond", "riverbank": "river"}
_LANDUSES: dict[tuple[str, str], str] = {
    ("landuse", "forest"): "forest", ("natural", "wood"): "forest", ("landuse", "grass"): "grass",
    ("landuse", "meadow"): "grass", ("landuse", "village_green"): "grass", ("natural", "grassland"): "grass",
    ("landuse", "recreation_ground"): "park", ("leisure", "park"): "park", ("leisure", "garden"): "park",
    ("landuse", "farmland"): "farm", ("landuse", "farmyard"): "farm", ("landuse", "orchard"): "farm",
    ("landuse", "vineyard"): "farm", ("landuse", "allotments"): "farm", ("landuse", "industrial"): "industrial",
    ("landuse", "residential"): "residential", ("amenity", "school"): "school", ("amenity", "university"): "school",
    ("amenity", "college"): "school", ("amenity", "kindergarten"): "school", ("amenity", "hospital"): "hospital",
    ("landuse", "commercial"): "other", ("landuse", "retail"): "other", ("landuse", "cemetery"): "other",
    ("landuse", "quarry"): "other", ("landuse", "construction"): "other", ("landuse", "railway"): "other",
}  # fmt: skip
# China's levels: 4 province, 5 prefecture, 6 county, 8 township, 10 village; 7 and 9 stand between.
_LEVELS = {"4": "province", "5": "city", "6": "district", "7": "district", "8": "street", "9": "community"}
_LEVELS |= {"10": "community"}
_PLACES = {"city": "city", "town": "city", "suburb": "district", "borough": "district", "quarter": "street"}
_PLACES |= {"neighbourhood": "community", "village": "village", "hamlet": "village"}


def read(path: Path) -> Found:
    """Read an extract (PBF, XML, also compressed). Raises BadInput when it is none, at the first row."""
    return Found("building", "WGS-84", _rows(path))


def _rows(path: Path) -> Iterator[Row | Skip]:
    factory = osmium.geom.WKBFactory()
    try:
        processor = (
            osmium.FileProcessor(str(path))
            .with_locations()
            .with_areas(
                osmium.filter.KeyFilter(
                    "building", "natural", "waterway", "landuse", "leisure", "amenity", "boundary", "man_made"
                )
            )
            .with_filter(osmium.filter.KeyFilter(*_KEYS))
        )
        for thing in processor:
            yield from _thing(thing, factory)
    except RuntimeError as exc:
        raise BadInput(f"{path.name} breaks as an OSM file: {exc}.", reason="format") from exc


def _thing(thing: Any, factory: Any) -> Iterator[Row | Skip]:
    tags: dict[str, str] = {tag.k: tag.v for tag in thing.tags}
    part: Told = None
    if thing.is_node():
        found, build = _node(tags), factory.create_point
        name = f"node/{thing.id}"
    elif thing.is_way():
        closed = bool(thing.is_closed())
        found, build = _way(tags, closed=closed), factory.create_linestring
        part = None if closed or found is not None else _part(tags, drawn=True)
        name = f"way/{thing.id}"
    elif thing.is_area():
        # A public toilet is a building and a part.
        found, part, build = _area(tags), _part(tags, drawn=True), factory.create_multipolygon
        name = f"{'way' if thing.from_way() else 'relation'}/{thing.orig_id()}"
    else:
        return
    for told in (found, part):
        if isinstance(told, Skip):
            yield told
        elif told is not None:
            yield _row(name, tags, told, build, thing)


def _row(name: str, tags: Tags, told: tuple[str, dict[str, Any]], build: Any, thing: Any) -> Row | Skip:
    layer, values = told
    record = {"layer": layer, "key": f"osm:{name}", "attributes": values}
    try:
        shape = _shape(build, thing)
    except BadInput as exc:
        return Row(name, {**record, "tags": tags}, exc)
    if layer == "part" and shape.geom_type != "Point":
        middle = _middle(shape)
        return Skip("part", "drawn too large") if middle is None else Row(name, {**record, "geometry": middle})
    return Row(name, {**record, "geometry": shape})


def _middle(shape: BaseGeometry) -> BaseGeometry | None:
    """The point where a part that is drawn (degrees) stands; None for what is too large to be one."""
    scale = math.cos(math.radians(shape.bounds[1]))
    if isinstance(shape, shapely.LineString):
        small = shape.length * 111_320.0 <= _PART_M  # at most: a degree of longitude is shorter
        return shapely.line_interpolate_point(shape, 0.5, normalized=True) if small else None
    small = shape.area * 111_320.0**2 * scale <= _PART_M2
    return shapely.point_on_surface(shape) if small else None


def _shape(build: Any, thing: Any) -> BaseGeometry:
    try:
        return shapely.from_wkb(bytes.fromhex(build(thing)))
    except (RuntimeError, osmium.InvalidLocationError, shapely.errors.ShapelyError, ValueError) as exc:
        raise BadGeometry(f"The geometry cannot be built: {exc}.", reason="geometry") from exc


def _node(tags: Tags) -> Told:
    if tags.get("man_made") == "surveillance":
        values = {"name": _name(tags), "heading_deg": _degrees(tags), "mount_height_m": _metres(tags.get("height"))}
        return "camera", values
    kind = "peak" if tags.get("natural") == "peak" else _PLACES.get(tags.get("place", ""))
    if kind is None:
        return _part(tags, drawn=False)
    if not tags.get("name"):
        return Skip("place", "no name")
    return "place", {"kind": kind, "name": _name(tags), "name_en": _name(tags, ":en")}


def _part(tags: Tags, *, drawn: bool) -> Told:
    """A managed part, by the table; `drawn`: the thing is a line or an area."""
    rule = osm_parts.rule_of(tags)
    if rule is None or (drawn and not rule.drawn):
        return None
    status = "disused" if tags.get("disused") == "yes" else None
    values = {"class_code": rule.code, "name": _name(tags), "status": status, "source": "OpenStreetMap"}
    return "part", values


def _way(tags: Tags, *, closed: bool) -> Told:
    highway, rail = tags.get("highway"), tags.get("railway")
    if highway is None and rail not in _RAILS:
        return None
    if tags.get("area") == "yes" and closed:
        return Skip("road", "an area, not a line")
    kind = "rail" if highway is None else _ROADS.get(highway)
    if kind is None:
        return Skip("road", f"class {highway[:30] if highway else ''}")
    bridge = tags.get("bridge", "no") not in ("no", "")
    return "road", {"class": kind, "name": _name(tags), "name_en": _name(tags, ":en"), "bridge": bridge}


def _area(tags: Tags) -> Told:
    if tags.get("building", "no") != "no":
        return "building", _building(tags)
    if tags.get("boundary") == "administrative":
        level = _LEVELS.get(tags.get("admin_level", ""))
        if level is None:
            return Skip("area", f"admin_level {tags.get('admin_level', 'missing')[:10]}")
        return "area", {"level": level, "name": _name(tags), "name_en": _name(tags, ":en")}
    water = _water(tags)
    if water is not None:
        return "water", {"kind": water, "name": _name(tags), "name_en": _name(tags, ":en")}
    for key in ("landuse", "natural", "leisure", "amenity"):
        kind = _LANDUSES.get((key, tags.get(key, "")))
        if kind is not None:
            return "landuse", {"kind": kind, "name": _name(tags)}
    return None


def _water(tags: Tags) -> str | None:
    if tags.get("natural") == "water":
        return _WATERS.get(tags.get("water", ""), "lake")
    if tags.get("waterway") == "riverbank":
        return "river"
    return {"reservoir": "reservoir", "basin": "pond"}.get(tags.get("landuse", ""))


def _building(tags: Tags) -> dict[str, Any]:
    kinds = (
        tags["building"],
        tags.get("amenity", ""),
        "shop" if "shop" in tags else "",
        "office" if "office" in tags else "",
    )
    levels = _metres(tags.get("building:levels"))
    return {
        "name": _name(tags),
        "floors": None if levels is None else round(levels),
        "height_m": _metres(tags.get("height") or tags.get("building:height")),
        "use": next((_USES[kind] for kind in kinds if kind in _USES), "other"),
    }


def _name(tags: Tags, suffix: str = "") -> str | None:
    found = tags.get(f"name{suffix}")
    return found[:200] if found else None


def _metres(text: str | None) -> float | None:
    """Read a plain number, with or without "m"; feet and ranges are left out rather than guessed."""
    found = re.fullmatch(r"\s*([0-9]{1,4}(?:\.[0-9]+)?)\s*m?\s*", text or "")
    return float(found[1]) if found and float(found[1]) <= 1500 else None


def _degrees(tags: Tags) -> float | None:
    found = re.fullmatch(
        r"\s*([0-9]{1,3}(?:\.[0-9]+)?)\s*°?\s*", tags.get("camera:direction") or tags.get("direction") or ""
    )
    return float(found[1]) % 360.0 if found and float(found[1]) <= 360 else None
