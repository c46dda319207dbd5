"""Buildings with floors, use and counts; residents only ever as counts with an as-of date."""

from __future__ import annotations

from sqlalchemy import Column, Double, Integer
from sqlalchemy import Text as TextType

from onemap.core.policy import INSIDE
from onemap.store.layer import Attribute, LayerSpec, Text
from onemap.store.schema import feature_table, searched_index, timestamp

TABLE = feature_table(
    "building",
    "MultiPolygon",
    [
        Column("address_code", TextType),
        Column("name", TextType),
        Column("floors", Integer),
        Column("height_m", Double),
        Column("use", TextType),
        Column("residents", Integer),
        timestamp("residents_at"),
        Column("households", Integer),
        timestamp("households_at"),
        Column("vehicles", Integer),
        timestamp("vehicles_at"),
        Column("organisations", Integer),
        timestamp("organisations_at"),
        Column("rentals", Integer),
        timestamp("rentals_at"),
        Column("grid_code", TextType),
    ],
)
searched_index(TABLE, "name", "address_code")

LAYER = LayerSpec(
    name="building",
    title=Text("建筑", "Buildings"),
    table=TABLE,
    geometry="MultiPolygon",
    group="base",
    minzoom=13,
    style={"kind": "building", "order": 30},
    found_by=("name", "address_code"),
    attributes=(
        Attribute("address_code", Text("地址编码", "Address code"), tile_minzoom=None),
        Attribute("name", Text("名称", "Name")),
        Attribute("floors", Text("层数", "Floors"), "int", unit="层"),
        Attribute("height_m", Text("高度", "Height"), "number", unit="m"),
        Attribute(
            "use",
            Text("用途", "Use"),
            "code",
            values={
                "residential": Text("住宅", "Residential"),
                "commercial": Text("商业", "Commercial"),
                "office": Text("办公", "Office"),
                "industrial": Text("工业", "Industrial"),
                "school": Text("学校", "School"),
                "hospital": Text("医院", "Hospital"),
                "public": Text("公共", "Public"),
                "other": Text("其他", "Other"),
            },
        ),
        Attribute(
            "residents", Text("常住人口", "Residents"), "count", small_counts=True, roles=INSIDE, tile_minzoom=None
        ),
        Attribute("residents_at", Text("常住人口截至", "Residents as of"), "time", roles=INSIDE, tile_minzoom=None),
        Attribute(
            "households", Text("户数", "Households"), "count", small_counts=True, roles=INSIDE, tile_minzoom=None
        ),
        Attribute("households_at", Text("户数截至", "Households as of"), "time", roles=INSIDE, tile_minzoom=None),
        Attribute("vehicles", Text("车辆", "Vehicles"), "count", small_counts=True, roles=INSIDE, tile_minzoom=None),
        Attribute("vehicles_at", Text("车辆截至", "Vehicles as of"), "time", roles=INSIDE, tile_minzoom=None),
        Attribute(
            "organisations", Text("单位", "Organisations"), "count", small_counts=True, roles=INSIDE, tile_minzoom=None
        ),
        Attribute("organisations_at", Text("单位截至", "Organisations as of"), "time", roles=INSIDE, tile_minzoom=None),
        Attribute("rentals", Text("出租房", "Rentals"), "count", small_counts=True, roles=INSIDE, tile_minzoom=None),
        Attribute("rentals_at", Text("出租房截至", "Rentals as of"), "time", roles=INSIDE, tile_minzoom=None),
        Attribute("grid_code", Text("所在网格", "Grid")),
    ),
)
