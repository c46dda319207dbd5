"""Terrain: what the ground is like, as raster tiles and cell by cell."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from onemap.core.cell import cell_from_hex, hex_of, resolution
from onemap.core.errors import NotFound
from onemap.store.layer import Text
from onemap.terrain.cells import at_async
from onemap.terrain.paint import CLASSES
from onemap.terrain.service import dems_async
from server.answer import Json
from server.auth import Signed
from server.routes.tiles import CACHING, answer, tile_id
from server.state import state_of
from tiles.terrain import TerrainSource

router = APIRouter(tags=["terrain"])

#: Column → title and unit, in the order in which they are told.
FACTS = {
    "elevation_m": (Text("高程", "Elevation"), Text("米", "m")),
    "slope_deg": (Text("平均坡度", "Mean slope"), Text("°", "°")),
    "slope_max_deg": (Text("最大坡度", "Steepest slope"), Text("°", "°")),
    "aspect_deg": (Text("坡向", "Aspect, clockwise from north"), Text("°", "°")),
    "curvature": (Text("曲率（正为凸）", "Curvature, above zero on ridges"), Text("1/米", "1/m")),
    "relief_m": (Text("250 米内起伏", "Relief within 250 m"), Text("米", "m")),
    "wetness": (Text("地形湿度指数", "Topographic wetness index"), Text("ln(米)", "ln(m)")),
    "flow_log": (Text("汇水面积（对数）", "Ground that drains through, logarithm"), Text("log10(平方米)", "log10(m²)")),
    "exposure": (Text("地表裸露度", "Exposure of the soil"), Text("0-1", "0-1")),
    "susceptibility": (Text("滑坡易发性", "Landslide susceptibility"), Text("0-1", "0-1")),
    "susceptibility_max": (Text("最高易发性", "Highest susceptibility"), Text("0-1", "0-1")),
}
LANDCOVER = {
    "forest": Text("林地", "Forest"), "shrub": Text("灌木", "Shrub"), "grass": Text("草地", "Grass"),
    "park": Text("公园", "Park"), "farm": Text("农田", "Farmland"), "industrial": Text("工业", "Industrial"),
    "residential": Text("居住", "Residential"), "school": Text("学校", "School"),
    "hospital": Text("医院", "Hospital"), "built": Text("建成区", "Built-up"), "bare": Text("裸地", "Bare ground"),
    "snow": Text("冰雪", "Snow and ice"), "water": Text("水面", "Water"), "wetland": Text("湿地", "Wetland"),
    "mangrove": Text("红树林", "Mangroves"), "moss": Text("苔藓地衣", "Moss and lichen"),
    "other": Text("其他", "Other"),
}  # fmt: skip
MODELS = {
    "index": Text(
        "按坡度、起伏、湿度、曲率和地表覆盖加权的指数，不是概率",
        "An index of slope, relief, wetness, curvature and land cover; no probability",
    ),
    "fitted": Text(
        "由已知滑坡点拟合的模型：0.5 为平均水平，0.9 为平均的九倍",
        "A model fitted to known slides: 0.5 is the average ground, 0.9 nine times its odds",
    ),
}
_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}, "description": "The tile"},
    304: {"description": "The tile named by If-None-Match is still true"},
    404: {"description": "No elevation is known there"},
}


def products() -> list[dict[str, Any]]:
    """The raster products with their legends, for the catalogue."""
    slopes = [
        {"from": one.low, "to": one.high, "colour": one.colour, "title": _both(f"{one.low:g}-{one.high:g}°")}
        for one in CLASSES
    ]
    return [
        {
            "name": name,
            "title": {"zh": zh, "en": en},
            "tiles": f"/tiles/{name}/{{z}}/{{x}}/{{y}}.png",
            "legend": legend,
        }
        for name, zh, en, legend in (
            ("hillshade", "山体阴影", "Hill shade", []),
            ("slope", "坡度分级", "Slope classes", slopes),
        )
    ]


@router.get("/tiles/hillshade/{z}/{x}/{y}.png", response_class=Response, responses=_PNG)
async def hillshade_tile(z: str, x: str, y: str, request: Request, _: Signed) -> Response:
    """Hill shade under four lights as a transparent 256 px PNG. Raises NotFound where no height is known."""
    return await _tile("hillshade", z, x, y, request)


@router.get("/tiles/slope/{z}/{x}/{y}.png", response_class=Response, responses=_PNG)
async def slope_tile(z: str, x: str, y: str, request: Request, _: Signed) -> Response:
    """Classes of slope as a transparent 256 px PNG; the catalogue has their legend. Raises NotFound as above."""
    return await _tile("slope", z, x, y, request)


@router.get("/terrain/cells/{cell}", response_class=Response)
async def terrain_cell(cell: str, request: Request, _: Signed) -> Response:
    """The ground of an H3 cell of any resolution, with units. Raises NotFound where no elevation model lies."""
    state = state_of(request)
    number = cell_from_hex(cell)
    async with state.pool.connection() as conn:
        found = await at_async(conn, number)
    if found is None:
        raise NotFound("No elevation model lies there.")
    kind, model = found["landcover"], found["model"]
    return Json(
        {
            "cell": hex_of(number),
            "res": resolution(number),
            "from_res": found["res"],
            "cells": found["cells"],
            "raster": found["raster"],
            "at": found["at"].isoformat(),
            "values": [
                {"name": name, "value": found[name], "unit": _text(unit), "title": _text(title)}
                for name, (title, unit) in FACTS.items()
            ],
            "landcover": None if kind is None else {"kind": kind, "title": _text(LANDCOVER[kind])},
            "model": {**model, "title": _text(MODELS[model["kind"]])},
        },
        headers=CACHING,
    )


async def _tile(product: str, z: str, x: str, y: str, request: Request) -> Response:
    state = state_of(request)
    number = tile_id(z, x, y)
    async with state.pool.connection() as conn:
        source = TerrainSource(tuple(await dems_async(conn, state.settings.home_path)), product)
    tile = await state.tiles.fetch(source, number)
    if not tile.body:
        # Not 204: an empty answer is no image, and a map client would try to decode it.
        raise NotFound("No elevation is known there.")
    return answer(request, tile, "image/png")


def _text(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _both(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}
