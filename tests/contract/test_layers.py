"""What every layer keeps to at every door, for every role: a new layer is tested by being in LAYERS."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mapbox_vector_tile
import pytest

from onemap.core.policy import Grant, Role
from onemap.layers import LAYERS
from onemap.store.layer import LayerSpec
from onemap.store.policy_sql import shown_names, view
from tests.contract import samples
from tiles.grid import TileId

Get = Callable[..., Any]
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=[layer.name for layer in LAYERS])
every_role = pytest.mark.parametrize("role", list(Role), ids=[role.value for role in Role])


def tile_at(z: int, lon: float, lat: float) -> TileId:
    scale = 1 << z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return TileId(z, int((lon + 180) / 360 * scale), int(y * scale))


def path(layer: LayerSpec, tile: TileId) -> str:
    return f"/tiles/{layer.name}/{tile.z}/{tile.x}/{tile.y}.mvt"


@every_layer
@every_role
def test_a_tile_decodes_and_carries_what_the_role_may_see(layer: LayerSpec, role: Role, get: Get) -> None:
    zoom = max(layer.minzoom, 14)
    answer = get(path(layer, tile_at(zoom, samples.WEST, samples.SOUTH)), role.value)
    if role not in layer.roles:
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        return
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    decoded = mapbox_vector_tile.decode(answer.content)
    assert list(decoded) == [layer.name]
    seen = view(layer, Grant("x", role))
    allowed = set(shown_names(seen, seen.in_tiles(zoom)))
    features = decoded[layer.name]["features"]
    assert decoded[layer.name]["extent"] == 4096
    assert features
    for feature in features:
        assert set(feature["properties"]) <= allowed
        assert feature["properties"]["key"].startswith(f"{layer.name}-")
        assert feature["id"] > 0
    # With every attribute filled, everything allowed is there.
    assert set().union(*(feature["properties"] for feature in features)) == allowed


@every_layer
def test_a_tile_below_the_layers_zoom_is_empty(layer: LayerSpec, get: Get) -> None:
    if layer.minzoom:
        answer = get(path(layer, tile_at(layer.minzoom - 1, samples.WEST, samples.SOUTH)))
        assert answer.status_code == 204
        assert answer.content == b""
    assert get(path(layer, TileId(layer.maxzoom, 0, 0))).status_code == 204


@every_layer
def test_features_are_on_the_tiles_of_the_layers_lowest_zoom(layer: LayerSpec, get: Get) -> None:
    """Generalisation thins base areas, and nothing else: a warning never vanishes."""
    spots = [samples.place(i) for i in range(25)]
    tiles = {tile_at(layer.minzoom, lon, lat) for lon, lat in spots}
    answers = [get(path(layer, tile)) for tile in tiles]
    decoded = [mapbox_vector_tile.decode(one.content) for one in answers if one.status_code != 204]
    drawn = {feature["properties"]["key"] for one in decoded for feature in one[layer.name]["features"]}
    if layer.group != "base" and ("Polygon" not in layer.geometry or layer.live):
        assert len(drawn) == 25
    else:
        assert len(drawn) <= 25


@every_layer
@every_role
def test_tilejson_lists_the_fields_of_the_role(layer: LayerSpec, role: Role, get: Get) -> None:
    answer = get(f"/tiles/{layer.name}.json", role.value)
    if role not in layer.roles:
        assert answer.status_code == 404
        return
    found = answer.json()
    assert found["tilejson"] == "3.0.0"
    assert found["tiles"] == [f"http://testserver/tiles/{layer.name}/{{z}}/{{x}}/{{y}}.mvt"]
    assert (found["minzoom"], found["maxzoom"]) == (layer.minzoom, layer.maxzoom)
    west, south, east, north = found["bounds"]
    assert -180 <= west < east <= 180
    assert -90 <= south < north <= 90
    assert [one["id"] for one in found["vector_layers"]] == [layer.name]
    seen = view(layer, Grant("x", role))
    assert set(found["vector_layers"][0]["fields"]) == set(shown_names(seen, seen.in_tiles(22)))


@every_layer
def test_items_pages_hold_every_feature_once(layer: LayerSpec, get: Get) -> None:
    keys: list[str] = []
    url = f"/ogc/collections/{layer.name}/items?limit=7"
    for _ in range(10):
        answer = get(url)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/geo+json"
        assert answer.headers["content-crs"] == "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"
        page = answer.json()
        assert page["type"] == "FeatureCollection"
        assert page["numberReturned"] == len(page["features"]) <= 7
        assert page["timeStamp"].endswith("Z")
        keys += [feature["id"] for feature in page["features"]]
        links = {link["rel"]: link["href"] for link in page["links"]}
        assert {"self", "collection"} <= set(links)
        if "next" not in links:
            break
        url = links["next"].removeprefix("http://testserver")
    assert sorted(keys) == sorted(f"{layer.name}-{i}" for i in range(25))


@every_layer
@every_role
def test_an_item_is_geojson_with_the_attributes_of_the_role(layer: LayerSpec, role: Role, get: Get) -> None:
    answer = get(f"/ogc/collections/{layer.name}/items/{layer.name}-3", role.value)
    if role not in layer.roles:
        assert answer.status_code == 404
        return
    found = answer.json()
    assert found["type"] == "Feature"
    assert found["id"] == found["properties"]["key"] == f"{layer.name}-3"
    assert set(found["properties"]) == {"key", *(a.name for a in layer.visible(role))}
    assert found["geometry"]["type"] == layer.geometry.removesuffix("ZM")
    numbers = found["geometry"]["coordinates"]
    while isinstance(numbers[0], list):
        numbers = numbers[0]
    lon, lat = samples.place(3)
    assert abs(numbers[0] - lon) < 1e-3  # longitude first
    assert abs(numbers[1] - lat) < 1e-3
    assert {link["rel"] for link in found["links"]} == {"self", "collection"}


@every_layer
def test_a_collection_says_where_it_is(layer: LayerSpec, get: Get) -> None:
    found = get(f"/ogc/collections/{layer.name}").json()
    assert found["id"] == layer.name
    assert found["crs"] == ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"]
    west, south, east, north = found["extent"]["spatial"]["bbox"][0]
    assert samples.WEST - 0.001 < west < samples.WEST + 0.001
    assert south < samples.SOUTH + 0.001
    assert east > west
    assert north > south
    assert {"self", "items"} <= {link["rel"] for link in found["links"]}


@every_layer
def test_every_visible_attribute_filters(layer: LayerSpec, get: Get) -> None:
    wanted = get(f"/ogc/collections/{layer.name}/items/{layer.name}-3").json()
    seen = view(layer, Grant("x", Role.COMMAND))
    for name in ("key", *seen.filterable()):
        text = wanted["properties"][name]
        text = str(text).lower() if isinstance(text, bool) else str(text)
        page = get(f"/ogc/collections/{layer.name}/items?limit=1000&{name}={text.replace('+', '%2B')}").json()
        assert f"{layer.name}-3" in [feature["id"] for feature in page["features"]], name
        assert all(feature["id"] == feature["properties"]["key"] for feature in page["features"])
        attribute = layer.attribute(name)
        if attribute is None or len(attribute.values) != 1:
            assert len(page["features"]) < 25, name
        assert {str(f["properties"][name]) for f in page["features"]} == {str(wanted["properties"][name])}
