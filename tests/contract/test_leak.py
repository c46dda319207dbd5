"""Every door here, as every role and key: nothing that is not theirs comes out, in whatever form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import mapbox_vector_tile
import pytest
import shapely
from fastapi import FastAPI
from shapely.geometry import shape

from onemap.core.policy import Role
from onemap.heat import service
from onemap.heat.hazard.declared import declared
from onemap.layers import BY_NAME, LAYERS
from onemap.store import feature
from onemap.store.db import connect
from onemap.store.feature import FeatureRow
from onemap.store.layer import LayerSpec
from server.routes import catalogue, heat, ogc, search, tiles
from tests.contract import samples
from tests.contract.conftest import AREA
from tests.contract.test_layers import path, tile_at

Get = Callable[..., Any]

#: who → (role, layers or None, whether held to AREA)
ASKERS: dict[str, tuple[Role, frozenset[str] | None, bool]] = {
    **{role.value: (role, None, False) for role in Role},
    **{f"{role.value} in area": (role, None, True) for role in Role},
    "key": (Role.COMMAND, None, False),
    "key two layers": (Role.COMMAND, frozenset({"camera", "building"}), False),
    "key in area": (Role.VIEWER, None, True),
    "key two layers in area": (Role.COMMAND, frozenset({"camera", "building"}), True),
}
#: Doors that take no layer of their own and are driven below by name.
DRIVEN = {
    "/tiles/{layer}.json", "/tiles/{layer}/{z}/{x}/{y}.mvt", "/tiles/terrain/{z}/{x}/{y}.png",
    "/tiles/heat/{surface}/{z}/{x}/{y}.mvt", "/heat/{surface}/legend", "/heat/{surface}/cells/{cell}",
    "/heat/{surface}/cells/{cell}/history", "/catalogue", "/catalogue/classes", "/search",
    "/ogc", "/ogc/", "/ogc/conformance", "/ogc/collections", "/ogc/collections/{layer}",
    "/ogc/collections/{layer}/items", "/ogc/collections/{layer}/items/{key:path}",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def marked(filled: str) -> None:
    """Text attributes that only some roles see carry a mark; so do all features outside the area."""
    with connect(filled) as conn:
        for layer in LAYERS:
            rows = []
            for row in samples.rows(layer):
                assert row.geom is not None
                values = {
                    a.name: _marked(layer, a.name, row.attributes[a.name], a.roles, inside=row.geom.intersects(AREA))
                    for a in layer.attributes
                }
                rows.append(FeatureRow(row.key, row.geom, values))
            feature.upsert(conn, layer, rows, feed="samples")
        conn.commit()
        while service.follow(conn):
            conn.commit()
        service.rebuild(conn, "risk")


def _marked(layer: LayerSpec, name: str, value: Any, roles: frozenset[Role], *, inside: bool) -> Any:
    attribute = layer.attribute(name)
    if not isinstance(value, str) or attribute is None or attribute.values:
        return value
    mark = "" if inside else "OUTSIDE "
    return f"{mark}{'SECRET ' if roles != frozenset(Role) else ''}{value}"


def sees(who: str, layer: LayerSpec) -> bool:
    role, only, _ = ASKERS[who]
    return role in layer.roles and (only is None or layer.name in only)


def items(get: Get, who: str, url: str) -> Iterator[dict[str, Any]]:
    while url:
        page = get(url, who).json()
        yield from page["features"]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
        url = url.removeprefix("http://testserver")


def test_every_door_of_ours_is_driven(app: FastAPI) -> None:
    """A new door in these files must be added to this test."""
    routers = (catalogue.router, search.router, heat.router, ogc.router, tiles.router, tiles.fast)
    ours = {getattr(route, "path", "") for router in routers for route in router.routes}
    assert ours == DRIVEN
    assert app is not None


@pytest.mark.parametrize("who", ASKERS)
def test_features_are_those_of_the_policy(who: str, get: Get) -> None:
    role, _, held = ASKERS[who]
    for layer in LAYERS:
        base = f"/ogc/collections/{layer.name}"
        if not sees(who, layer):
            for url in (base, f"{base}/items", f"{base}/items/{layer.name}-0", f"/tiles/{layer.name}.json",
                        path(layer, tile_at(14, samples.WEST, samples.SOUTH))):  # fmt: skip
                assert get(url, who).status_code == 404, url
            continue
        allowed = {"key", *(a.name for a in layer.visible(role))}
        found = list(items(get, who, f"{base}/items?limit=10"))
        whole = list(items(get, "command", f"{base}/items?limit=1000"))
        mine = {one["id"] for one in whole if not held or shape(one["geometry"]).intersects(AREA)}
        assert {one["id"] for one in found} == mine
        assert len(found) == len(mine)
        for one in found:
            assert set(one["properties"]) == allowed
            _clean(json.dumps(one, ensure_ascii=False), role, held=held)
        boxed = items(get, who, f"{base}/items?bbox=-180,-90,180,90")
        assert {one["id"] for one in boxed} == mine
        hidden = sorted({one["id"] for one in whole} - mine)
        if hidden:
            assert get(f"{base}/items/{hidden[0]}", who).status_code == 404
            assert get(f"{base}/items?key={hidden[0]}", who).json()["features"] == []
        for attribute in layer.attributes:
            if attribute.name not in allowed:
                assert get(f"{base}/items?{attribute.name}=1", who).status_code == 400
        now = "2100-01-01T00:00:00Z"
        assert {one["id"] for one in items(get, who, f"{base}/items?datetime={now}")} <= mine


@pytest.mark.parametrize("who", ASKERS)
def test_tiles_are_those_of_the_policy(who: str, get: Get) -> None:
    role, _, held = ASKERS[who]
    for layer in filter(lambda one: sees(who, one), LAYERS):
        mine = {one["id"] for one in items(get, who, f"/ogc/collections/{layer.name}/items?limit=1000")}
        drawn: set[str] = set()
        for zoom in (max(layer.minzoom, 12), 15):
            for query in ("", "?datetime=2100-01-01T00:00:00Z"):
                for row in range(2):
                    for column in range(2):
                        where = (samples.WEST + 0.008 * column, samples.SOUTH + 0.003 * row)
                        answer = get(path(layer, tile_at(zoom, *where)) + query, who)
                        if answer.status_code == 204:
                            continue
                        _clean(answer.content.decode("utf-8", "ignore"), role, held=held)
                        for one in mapbox_vector_tile.decode(answer.content)[layer.name]["features"]:
                            drawn.add(one["properties"]["key"])
                            assert set(one["properties"]) <= {"key", *(a.name for a in layer.visible(role))}
        assert drawn <= mine
        assert drawn or layer.name == "mover", layer.name


@pytest.mark.parametrize("who", ASKERS)
def test_what_is_found_is_what_the_policy_shows(who: str, get: Get) -> None:
    """By a whole key and by words of every searched text: nothing hidden is told, counted, or said to be more."""
    role, _, held = ASKERS[who]
    mine = {
        layer.name: {one["id"] for one in items(get, who, f"/ogc/collections/{layer.name}/items?limit=1000")}
        for layer in LAYERS
        if sees(who, layer)
    }
    for layer in LAYERS:
        texts = {a.name for a in layer.attributes if role in a.roles} & set(layer.searched)
        if layer.name not in mine:
            assert get(f"/search?q=x&layers={layer.name}", who).status_code == 404
        for number in (1, 20):  # one of each side of the area
            key = f"{layer.name}-{number}"
            told = get(f"/search?q={key}", who)
            _clean(told.text, role, held=held)
            assert {(one["layer"], one["key"]) for one in told.json()["items"]} == (
                {(layer.name, key)} if key in mine.get(layer.name, set()) else set()
            )
        for name in layer.searched if layer.name in mine else ():
            told = get(f"/search?q={name} 1&limit=50&layers={layer.name}&near={samples.WEST},{samples.SOUTH}", who)
            _clean(told.text, role, held=held)
            found = {one["key"] for one in told.json()["items"]}
            named = {f"{layer.name}-{i}" for i in (1, *range(10, 20))} & mine[layer.name]
            assert found == (named if name in texts else set()) and told.json()["more"] is False
    for word, shown in (("OUTSIDE", not held), ("SECRET", role is not Role.VIEWER)):
        told = get(f"/search?q={word}&limit=50", who).json()
        assert shown or told == {"q": word, "items": [], "more": False}


@pytest.mark.parametrize("who", ASKERS)
def test_catalogue_collections_and_tilejson_name_only_what_is_theirs(who: str, get: Get) -> None:
    role, _, held = ASKERS[who]
    mine = [layer.name for layer in LAYERS if sees(who, layer)]
    told = get("/catalogue", who).json()
    # What a class is called holds nothing of the city: the same for all.
    assert get("/catalogue/classes?kind=part", who).json() == get("/catalogue/classes?kind=part").json()
    assert [one["name"] for one in told["layers"]] == mine
    listed = get("/ogc/collections", who).json()["collections"]
    assert [one["id"] for one in listed] == mine
    for one in told["layers"]:
        layer = BY_NAME[one["name"]]
        names = {a.name for a in layer.visible(role)}
        assert {a["name"] for a in one["attributes"]} == names
        assert set(get(one["tilejson"], who).json()["vector_layers"][0]["fields"]) <= {"key", *names}
    boxes = [told["city"]["bounds"], *(one["extent"]["spatial"]["bbox"][0] for one in listed)]
    boxes += [get(one["tilejson"], who).json()["bounds"] for one in told["layers"]]
    if held:
        for box in boxes:
            assert AREA.buffer(1e-9).contains(shapely.box(*box))
        assert AREA.buffer(1e-9).contains(shapely.Point(told["city"]["center"]))


@pytest.mark.parametrize("who", ASKERS)
def test_heat_is_of_their_layers_and_area(who: str, get: Get) -> None:
    role, only, held = ASKERS[who]
    where = tile_at(14, samples.WEST, samples.SOUTH)
    shown = {one["name"] for one in get("/catalogue", who).json()["surfaces"]}
    risks = {
        one.name
        for one in declared().surfaces
        if all(sees(who, BY_NAME[layer]) for layer in declared().layers(one.name))
    }
    forecast = {"forecast"} if role is not Role.VIEWER and not held else set()
    assert shown == (set() if only is not None else {"incidents", *risks, *forecast})
    assert only is not None or ("risk" in shown) == (role is not Role.VIEWER)
    for surface in ("incidents", "risk", "landslide"):
        answer = get(f"/tiles/heat/{surface}/{where.z}/{where.x}/{where.y}.mvt?window=90d", who)
        legend = get(f"/heat/{surface}/legend?window=90d", who)
        outside = get(f"/heat/{surface}/cells/8828308281fffff/history?step=day", who)
        if surface not in shown:
            assert (answer.status_code, legend.status_code, outside.status_code) == (404, 404, 404)
            continue
        assert not held or outside.status_code == 404
        assert legend.status_code == 200
        if answer.status_code == 204:
            continue
        for one in mapbox_vector_tile.decode(answer.content)["heat"]["features"][:20]:
            cell = one["properties"]["cell"]
            told = get(f"/heat/{surface}/cells/{cell}?window=90d", who)
            assert told.status_code == 200
            _clean(told.text, role, held=held)
            for part in told.json()["parts"]:
                if role is Role.VIEWER:
                    assert not {"residents", "households"} & set(part["detail"])


@pytest.mark.parametrize("url", sorted(DRIVEN))
def test_nothing_answers_without_a_credential(url: str, browser: Any) -> None:
    filled = {"layer": "hazard", "surface": "risk", "z": "1", "x": "0", "y": "0", "cell": "8828308281fffff"}
    answer = browser.get(url.replace("{key:path}", "hazard-0").format(**filled))
    assert answer.status_code == 401
    for headers in ({"Authorization": "Bearer nothing"}, {"Cookie": "onemap_session=nothing"}):
        assert browser.get(url.replace("{key:path}", "x").format(**filled), headers=headers).status_code == 401


def _clean(text: str, role: Role, *, held: bool) -> None:
    if held:
        assert "OUTSIDE" not in text
    if role is Role.VIEWER:
        assert "SECRET" not in text
